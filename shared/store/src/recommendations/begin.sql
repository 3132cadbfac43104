insert into recommendation_run (tenant, orders, computed_at) values ($1, $2, $3)
on conflict (tenant) do update set orders = excluded.orders, computed_at = excluded.computed_at
