with sold as (
    select v.id
    from variant v
    join product p on p.tenant = v.tenant and p.id = v.product
    where v.tenant = $1 and (v.id = $4 or v.sku = $5) and p.state = 'published'
), added as (
    insert into cart_line as l (tenant, cart, id, variant, quantity, properties, added_at)
    select $1, $2, $3, sold.id, $6, $7, $8 from sold
    on conflict (tenant, cart, variant, properties)
        do update set quantity = l.quantity + excluded.quantity
    returning id
)
select must(exists (select from added), 'no such variant is for sale')
