delete from discount where tenant = $1 and handle = $2 returning id
