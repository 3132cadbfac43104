insert into order_follower as f (tenant, order_id, follower, version) values ($1, $2, $3, $4)
on conflict (tenant, order_id, follower) do update set version = excluded.version
where f.version < excluded.version
