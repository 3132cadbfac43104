with issued as (
    insert into credit (tenant, id, code_hash, code_key, last_four, currency, issued_minor,
        balance_minor, expires_at, customer, note, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11)
    returning id
)
insert into credit_entry (tenant, credit, number, id, kind, amount_minor, balance_minor, actor,
    recorded_at)
select $1, id, 1, id, 'issued', $7, $7, $12, $11 from issued
