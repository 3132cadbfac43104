delete from orders where tenant = $1 and id = any ($2::uuid[])
