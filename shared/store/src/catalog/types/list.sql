select name, schema::text, version from product_type where tenant = $1 order by name
