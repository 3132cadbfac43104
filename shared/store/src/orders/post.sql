insert into posting (tenant, order_id, version, account, currency, amount_minor)
select $1, $2, p.version, p.account, $3, p.amount_minor
from (
    select unnest($4::int[]) as version, unnest($5::text[]) as account,
        unnest($6::bigint[]) as amount_minor
) p
