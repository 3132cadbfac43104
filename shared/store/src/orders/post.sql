insert into posting (tenant, order_id, version, account, currency, amount_minor)
select $1, p.order_id, p.version, p.account, p.currency, p.amount_minor
from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::bigint[])
    as p (order_id, version, account, currency, amount_minor)
