select c.relname::text, to_date(right(c.relname, 8), 'YYYYMMDD')
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'public.point_head'::regclass
order by 2
