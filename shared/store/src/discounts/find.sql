select id, code, rule::text, redeemed, 0
from discount
where tenant = $1 and handle = $2
