update contact
set email = $3, name = $4, phone = $5, shipping_address = $6, billing_address = $7
where tenant = $1 and id = $2 and erased_at is null
