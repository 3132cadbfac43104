select id, code, rule::text, redeemed, 0
from discount
where tenant = $1 and handle > $2 collate "C"
order by handle
limit $3
