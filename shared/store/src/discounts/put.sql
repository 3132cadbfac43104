insert into discount as d (tenant, id, code, rule, redemptions_limit, customer_limit)
values ($1, $2, $3, $4, $5, $6)
on conflict (tenant, handle) do update set rule = excluded.rule,
    redemptions_limit = excluded.redemptions_limit, customer_limit = excluded.customer_limit
returning d.id, d.code, d.rule::text, d.redeemed, 0
