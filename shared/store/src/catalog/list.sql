select p.id, p.slug, p.title, p.description, p.attributes::text, p.options, p.categories,
    p.tax_category, p.media::text, p.state, p.version, coalesce(v.variants, '[]')
from product p
left join lateral (
    select json_agg(json_build_object(
        'id', v.id, 'sku', v.sku, 'barcode', v.barcode, 'title', v.title, 'options', v.options,
        'weight_grams', v.weight_grams, 'is_stocked', v.is_stocked, 'prices', coalesce((
            select json_agg(json_build_object(
                'amount_minor', r.amount_minor, 'currency', r.currency,
                'starts_at', nullif(r.starts_at, '-infinity'),
                'ends_at', nullif(r.ends_at, 'infinity')
            ) order by r.currency, r.starts_at)
            from price r
            where r.tenant = $1 and r.variant = v.id
        ), '[]')
    ) order by v.position)::text as variants
    from variant v
    where v.tenant = $1 and v.product = p.id
) v on true
where p.tenant = $1 and p.slug > $2 and ($3::text is null or p.state = $3)
    and ($4::text is null or $4 = any (p.categories))
order by p.slug
limit $5
