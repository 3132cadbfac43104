with before as (
    select facets from product_search where tenant = $1 and product = $2 and state = 'published'
), change as (
    select facet, sum(products)::int as products
    from (
        select substr(facet, strpos(facet, ':') + 1) as facet, -1 as products
        from before, unnest(facets) facet
        union all
        select '', -1 from before
        union all
        select facet, 1 from unnest($3::text[]) facet
    ) each
    group by facet
)
insert into facet_count as c (tenant, facet, products)
select $1, facet, products from change where products <> 0 order by facet
on conflict (tenant, facet) do update set products = c.products + excluded.products
