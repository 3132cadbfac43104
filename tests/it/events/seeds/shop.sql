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
