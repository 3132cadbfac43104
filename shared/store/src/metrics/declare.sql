insert into metric (tenant, name, kind, unit, aggregation, gap, direction, finest, label, draft)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, false)
on conflict (tenant, name) do update
set kind = excluded.kind, unit = excluded.unit, aggregation = excluded.aggregation,
    gap = excluded.gap, direction = excluded.direction, finest = excluded.finest,
    label = excluded.label, draft = false
where ((metric.kind = excluded.kind or metric.draft and $10) and metric.unit = excluded.unit
       and metric.finest = excluded.finest)
   or not exists (select from series s where s.tenant = metric.tenant and s.metric = metric.id)
returning id
