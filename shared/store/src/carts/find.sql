select c.id, c.token_hash, c.version, c.state, c.currency, c.country, c.channel, c.shipping,
    c.expires_at, o.id, c.merged_into, c.codes, coalesce(s.rounding, 'per_line'),
    coalesce(s.capture, 'automatic'), coalesce(s.payment_minutes, 60)
from cart c
left join orders o on o.tenant = c.tenant and o.cart = c.id
left join shop s on s.tenant = c.tenant
where c.tenant = $1 and c.id = $2
