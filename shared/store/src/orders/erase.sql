update contact
set email = null, name = null, phone = null, shipping_address = null, billing_address = null,
    erased_at = $3
where tenant = $1 and id = $2
