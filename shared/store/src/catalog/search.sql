select f.total, f.is_complete, f.has_more, f.last_key,
    case when u.position = 1 or u.position is null then f.found_facets end,
    case when u.position = 1 or u.position is null then f.found_counts end,
    w.id, w.slug, w.title, w.description, w.attributes::text, w.options, w.categories,
    w.tax_category, w.media::text, w.state, w.version, w.variants, w.type
from find_products($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) f
left join lateral unnest(f.products) with ordinality u(product, position) on true
left join whole_product w on w.tenant = $1 and w.id = u.product
order by u.position
