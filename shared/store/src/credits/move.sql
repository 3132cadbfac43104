with moved as (
    update credit set balance_minor = balance_minor + $3, entries = entries + 1
    where tenant = $1 and id = $2
        and ($4 = 'credited' or disabled_at is null)
        and ($4 <> 'debited' or expires_at is null or expires_at > $9)
    returning entries, balance_minor
), entered as (
    insert into credit_entry (tenant, credit, number, id, kind, amount_minor, balance_minor,
        order_id, reason, actor, recorded_at)
    select $1, $2, entries, $5, $4, $3, balance_minor, $6, $7, $8, $9 from moved
    returning number
)
select must(exists (select from entered), 'the credit cannot be used')
