-- A product with its variants and their prices, as JSON: what is read of it is read whole.
create view whole_product with (security_invoker = true) as
select p.tenant, p.id, p.slug, p.title, p.description, p.attributes, p.options, p.categories,
    p.tax_category, p.media, p.state, p.version, coalesce((
        select json_agg(json_build_object(
            'id', v.id, 'sku', v.sku, 'barcode', v.barcode, 'title', v.title,
            'options', v.options, 'weight_grams', v.weight_grams, 'is_stocked', v.is_stocked,
            'prices', coalesce((
                select json_agg(json_build_object(
                    'amount_minor', r.amount_minor, 'currency', r.currency,
                    'starts_at', nullif(r.starts_at, '-infinity'),
                    'ends_at', nullif(r.ends_at, 'infinity')
                ) order by r.currency, r.starts_at)
                from price r
                where r.tenant = p.tenant and r.variant = v.id
            ), '[]')
        ) order by v.position)::text
        from variant v
        where v.tenant = p.tenant and v.product = p.id
    ), '[]') as variants
from product p;
grant select on whole_product to takings_app;
