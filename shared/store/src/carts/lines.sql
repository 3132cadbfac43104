select l.id, l.quantity, l.properties::text, v.id, v.product, v.sku, v.title, v.weight_grams,
    v.is_stocked, p.title, p.categories, p.tax_category, p.state = 'published',
    (
        select r.amount_minor
        from price r
        where r.tenant = $1 and r.variant = v.id and r.currency = c.currency
            and r.starts_at <= $3 and r.ends_at > $3
        order by r.starts_at desc
        limit 1
    )
from cart c
join cart_line l on l.tenant = c.tenant and l.cart = c.id
join variant v on v.tenant = l.tenant and v.id = l.variant
join product p on p.tenant = v.tenant and p.id = v.product
where c.tenant = $1 and c.id = $2
order by l.added_at, l.id
