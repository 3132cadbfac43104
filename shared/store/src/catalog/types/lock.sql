select version from product_type where tenant = $1 and name = $2 for update
