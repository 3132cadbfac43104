-- Which series have a tag: a filter finds its few without a look at all of the metric. A table,
-- because an index over the tags themselves is of no use under row-level security: the operators
-- of jsonb are not leakproof.
create table series_tag (
    tenant int not null,
    metric int not null references metric on delete cascade,
    key text not null,
    value text not null,
    series int not null,
    primary key (metric, key, value, series)
);
call isolate_tenants('series_tag');

insert into series_tag (tenant, metric, key, value, series)
select s.tenant, s.metric, t.key, t.value, s.id
from series s, jsonb_each_text(s.tags) t;
