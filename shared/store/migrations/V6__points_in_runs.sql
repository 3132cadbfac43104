-- Points of a batch that belong to one series and one UTC day arrive as one row, a run: a row a
-- point costs five times as much to write. Head and blocks have one shape then, and packing
-- joins runs.
lock table point_head in access exclusive mode;
create temporary table run on commit drop as
select p.tenant, p.series, p.day, count(*)::int as n,
       array_agg(p.offset_ms order by p.offset_ms) as offsets_ms,
       array_agg(p.value order by p.offset_ms) as values
from (
    select tenant, series, value, (at at time zone 'UTC')::date as day,
           (extract(epoch from at at time zone 'UTC' - date_trunc('day', at at time zone 'UTC'))
               * 1000)::int as offset_ms
    from point_head
) p
group by p.tenant, p.series, p.day;

drop table point_head;

-- Where points arrive: without a B-tree, one partition a week.
create table point_head (
    tenant int not null,
    series int not null,
    day date not null,
    n int not null,
    offsets_ms int[] not null,
    values float8[] not null
) partition by range (day);
create index point_head_by_day on point_head using brin (day) with (pages_per_range = 32);
call isolate_tenants('point_head');

-- All points, one a row, wherever they rest.
create view point with (security_invoker = true) as
select k.tenant, k.series, k.day,
       k.day::timestamp at time zone 'UTC' + u.offset_ms * interval '1 millisecond' as at, u.value
from (
    select tenant, series, day, offsets_ms, values from point_head
    union all
    select tenant, series, day, offsets_ms, values from point_block
) k
cross join lateral unnest(k.offsets_ms, k.values) as u (offset_ms, value);
grant select on point to takings_app;

-- Its bounds are midnights in UTC, of which a date keeps the day.
select ensure_point_week(w.monday)
from (select distinct day - extract(isodow from day)::int + 1 as monday from run) w;
insert into point_head (tenant, series, day, n, offsets_ms, values)
select tenant, series, day, n, offsets_ms, values from run;
