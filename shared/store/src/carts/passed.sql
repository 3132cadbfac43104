select c.id, c.created_at, c.updated_at, c.state = 'open', c.country, c.channel
from cart c
where c.tenant = $1 and c.updated_at >= $2 and c.updated_at < $3 and c.state <> 'merged'
    and exists (select from cart_line l where l.tenant = $1 and l.cart = c.id)
order by c.updated_at
