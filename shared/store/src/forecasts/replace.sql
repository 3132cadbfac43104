insert into forecast (tenant, id, metric, origin, made_at, model, horizon_days, body)
values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb)
on conflict (tenant, metric, origin) do update
set id = excluded.id, made_at = excluded.made_at, model = excluded.model,
    horizon_days = excluded.horizon_days, body = excluded.body
