insert into cart_line as l (tenant, cart, id, variant, quantity, properties, added_at)
select $1, $2, id, variant, quantity, properties, added_at
from cart_line
where tenant = $1 and cart = $3
on conflict (tenant, cart, variant, properties)
    do update set quantity = least(l.quantity + excluded.quantity, $4)
