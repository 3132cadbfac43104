delete from shipping_option where tenant = $1 and id = $2 returning id
