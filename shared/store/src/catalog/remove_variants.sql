delete from variant where tenant = $1 and product = $2 and id <> all ($3)
