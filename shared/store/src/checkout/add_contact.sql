insert into contact (tenant, id, email, name, phone, shipping_address, billing_address)
values ($1, $2, $3, $4, $5, $6, $7)
