select w.id, w.slug, w.title, w.description, w.attributes::text, w.options, w.categories,
    w.tax_category, w.media::text, w.state, w.version, w.variants, w.type
from whole_product w
where w.tenant = $1 and w.id in (
    select p.id from product p where p.tenant = $1 and p.id = any ($2)
    union
    select p.id from product p where p.tenant = $1 and p.slug = any ($3)
    union
    select v.product from variant v where v.tenant = $1 and v.id = any ($2)
    union
    select v.product from variant v where v.tenant = $1 and v.sku = any ($4)
)
