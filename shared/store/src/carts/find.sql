select c.id, c.token_hash, c.version, c.state, c.currency, c.country, c.channel, c.shipping,
    c.expires_at, o.id, c.merged_into, c.codes
from cart c
left join orders o on o.tenant = c.tenant and o.cart = c.id
where c.tenant = $1 and c.id = $2
