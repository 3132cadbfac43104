select id
from cart
where tenant = $1 and id in ($2, $3)
order by id
for no key update
