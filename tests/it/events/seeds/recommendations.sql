with mug as (
    insert into product (tenant, id, slug, title, categories, state)
    values (1, '7a6e0000-0000-7000-8000-000000000302', 'mug', 'Mug', '{cups}', 'published'),
        (1, '7a6e0000-0000-7000-8000-000000000303', 'wool-shirt', 'Wool shirt', '{shirts}',
            'published')
    returning tenant, id
), variants as (
    insert into variant (tenant, id, product, sku, is_stocked)
    select tenant, id, id, id::text, false from mug
    returning tenant, id
), prices as (
    insert into price (tenant, variant, currency, amount_minor)
    select tenant, id, 'EUR', 1290 from variants
), run as (
    insert into recommendation_run (tenant, orders, computed_at)
    values (1, 20, '2026-11-21T02:10:00Z')
), bought as (
    insert into bought (tenant, product, orders)
    select tenant, id, 6 from mug
)
insert into bought_together (tenant, product, other, orders, lift)
values (1, '7a6e0000-0000-7000-8000-000000000301', '7a6e0000-0000-7000-8000-000000000302', 4, 2.5)
