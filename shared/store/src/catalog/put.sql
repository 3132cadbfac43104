with put as (
    insert into product as p (tenant, id, slug, title, description, attributes, options,
        categories, tax_category, media, state, type)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    on conflict (tenant, id) do update set
        slug = excluded.slug, title = excluded.title, description = excluded.description,
        attributes = excluded.attributes, options = excluded.options,
        categories = excluded.categories, tax_category = excluded.tax_category,
        media = excluded.media, state = excluded.state, type = excluded.type,
        version = p.version + 1, updated_at = now()
        where p.version = coalesce($13, p.version)
    returning version
)
select must(
    exists (select from put where version > 1 or coalesce($13, 0) = 0),
    'the product has another version'
)
