select must(count(*) <= coalesce($3::bigint, 0), 'the cart has too many lines')
from cart_line
where tenant = $1 and cart = $2
