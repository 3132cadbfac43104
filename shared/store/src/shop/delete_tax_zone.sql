delete from tax_zone where tenant = $1 and zone = $2 returning zone
