select tenant, id from orders
where (expires_at <= $1 or operation_due_at <= $1) and id > $2
order by id
limit $3
