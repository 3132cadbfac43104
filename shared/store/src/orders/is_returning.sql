select exists (
    select from contact c
    join contact earlier on earlier.tenant = $1 and lower(earlier.email) = lower(c.email)
    join orders e on e.tenant = $1 and e.contact = earlier.id and e.placed_at < o.placed_at
    where c.tenant = $1 and c.id = o.contact
)
from orders o
where o.tenant = $1 and o.id = $2
