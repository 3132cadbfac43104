delete from tax_rate where tenant = $1 and zone = $2
