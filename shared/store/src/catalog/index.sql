insert into product_search (tenant, product, state, title_key, created_at, facets, document)
select $1, p.id, p.state, $3, p.created_at,
    array(select p.tenant || ':' || facet from unnest($4::text[]) facet), $5::text::tsvector
from product p
where p.tenant = $1 and p.id = $2
on conflict (tenant, product) do update set
    state = excluded.state, title_key = excluded.title_key, facets = excluded.facets,
    document = excluded.document
