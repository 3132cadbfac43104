update product_search set state = 'archived' where tenant = $1 and product = $2
