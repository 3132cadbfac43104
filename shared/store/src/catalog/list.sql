select id, slug, title, description, attributes::text, options, categories, tax_category,
    media::text, state, version, variants
from whole_product
where tenant = $1 and slug > $2 and ($3::text is null or state = $3)
    and ($4::text is null or $4 = any (categories))
order by slug
limit $5
