select distinct on (m.name) m.name, f.id, f.origin, f.made_at, f.body::text
from forecast f
join metric m on m.tenant = f.tenant and m.id = f.metric
where f.tenant = $1 and ($2::text[] is null or m.name = any($2))
    and ($3::date is null or f.origin = $3)
order by m.name, f.origin desc
