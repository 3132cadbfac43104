select name, schema::text, version from product_type where tenant = $1 and name = any ($2)
