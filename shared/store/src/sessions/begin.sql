insert into session
    (session, person, kind, secret_hash, client, address, created_at, renewed_at, chosen_tenant)
values ($1, $2, $3, $4, $5, $6, $7, $7, (
    select tenant from membership where person = $2 order by since, tenant limit 1
))
