-- Whoever asked first under the key is the only one.
with call as (
    insert into checkout_call (tenant, key, fingerprint, order_id, lease_until, expires_at)
    values ($1, $2, $3, $4, $5, $6)
), known as (
    insert into contact (tenant, id, email, name, phone, shipping_address, billing_address)
    values ($1, $10, $11, $12, $13, $14, $15)
), closed as (
    update cart set state = 'ordered', version = version + 1, updated_at = $9
    where tenant = $1 and id = $7 and state = 'open' and version = $8
    returning id
)
select must(exists (select from closed), 'the cart was changed or is closed')
