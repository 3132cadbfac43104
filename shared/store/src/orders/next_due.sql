select least(
    (select min(expires_at) from orders where expires_at is not null),
    (select min(operation_due_at) from orders where operation_due_at is not null)
)
