select id, slug, title, description, attributes::text, options, categories, tax_category,
    media::text, state, version, variants, type
from whole_product
where tenant = $1 and (id = $2 or slug = $3)
