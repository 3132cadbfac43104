delete from product_price where tenant = $1 and product = $2
