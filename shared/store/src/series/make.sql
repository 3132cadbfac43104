with made as (
    insert into series (tenant, metric, tags, tags_hash)
    select $1, w.metric, w.tags::jsonb, w.hash
    from (
        select unnest($2::int[]) as metric, unnest($3::text[]) as tags, unnest($4::uuid[]) as hash
    ) w
    order by w.metric, w.hash
    on conflict (tenant, metric, tags_hash) do nothing
    returning id, tenant, metric, tags
)
insert into series_tag (tenant, metric, key, value, series)
select m.tenant, m.metric, t.key, t.value, m.id
from made m, jsonb_each_text(m.tags) t
