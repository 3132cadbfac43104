delete from payment
where tenant = $1 and (order_id = any ($2::uuid[]) or id = any ($3::uuid[]))
