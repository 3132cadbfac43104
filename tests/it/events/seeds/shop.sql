with sold as (
    insert into product (tenant, id, slug, title, options, categories, state)
    values (1, '7a6e0000-0000-7000-8000-000000000301', 'linen-shirt', 'Linen shirt', '{size}',
        '{shirts}', 'published')
    returning tenant, id
), variants as (
    insert into variant (tenant, id, product, sku, options, weight_grams, position)
    select sold.tenant, v.id, sold.id, v.sku, array[v.size], 220, v.position
    from sold, (values
        ('7a6e0000-0000-7000-8000-000000000311'::uuid, 'LS-S', 'S', 1),
        ('7a6e0000-0000-7000-8000-000000000312'::uuid, 'LS-M', 'M', 2)
    ) v (id, sku, size, position)
    returning tenant, id
), prices as (
    insert into price (tenant, variant, currency, amount_minor)
    select tenant, id, 'EUR', 4990 from variants
), found as (
    insert into product_search (tenant, product, state, title_key, created_at, facets, document)
    select sold.tenant, sold.id, 'published', 'linen shirt', '2026-11-20T12:00:00Z',
        '{1:category=shirts,1:attribute.size=S,1:attribute.size=M}',
        '''1:linen'':1A ''1:shirt'':2A ''1:shirts'':3B'::tsvector
    from sold
), offers as (
    insert into product_price (tenant, product, currency, starts_at, ends_at, low_minor, high_minor)
    select sold.tenant, sold.id, 'EUR', '-infinity', 'infinity', 4990, 4990 from sold
), words as (
    insert into search_word (tenant, word) values (1, 'linen'), (1, 'shirt'), (1, 'shirts')
), counts as (
    insert into facet_count (tenant, facet, products)
    values (1, '', 1), (1, 'category=shirts', 1), (1, 'attribute.size=S', 1),
        (1, 'attribute.size=M', 1)
), shelf as (
    insert into location (tenant, id, name)
    values (1, '7a6e0000-0000-7000-8000-000000000321', 'Warehouse')
    returning tenant, id
), levels as (
    insert into stock (tenant, variant, location, on_hand, reserved)
    select shelf.tenant, variants.id, shelf.id, 24, 2 from variants, shelf
)
insert into stock_movement (tenant, variant, location, on_hand, reserved, allocated, adjustment,
    reason, actor, recorded_at)
select shelf.tenant, variants.id, shelf.id, 24, 2, 0,
    case variants.id when '7a6e0000-0000-7000-8000-000000000311'
        then '7a6e0000-0000-7000-8000-000000000342'::uuid end,
    'counted', 'sample', '2026-11-20T12:00:00Z'
from variants, shelf
