insert into metric (tenant, name, kind, unit, aggregation, gap, direction, finest, label, draft)
select $1, w.name, w.kind, w.unit, w.aggregation, w.gap, 'neutral', 'hour', '', true
from (
    select unnest($2::text[]) as name, unnest($3::text[]) as kind, unnest($4::text[]) as unit,
           unnest($5::text[]) as aggregation, unnest($6::text[]) as gap
) w
order by w.name
limit greatest(0, $7 - (select count(*) from metric where tenant = $1))
on conflict (tenant, name) do nothing
