delete from price where tenant = $1 and variant = any ($2)
