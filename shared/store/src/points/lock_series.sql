select id from series where tenant = $1 and id = any($2) order by id for no key update
