delete from posting where tenant = $1 and order_id = any ($2::uuid[])
