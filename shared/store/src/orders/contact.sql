select email, name, phone, shipping_address, billing_address
from contact
where tenant = $1 and id = $2 and erased_at is null
