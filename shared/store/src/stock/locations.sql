select id, name, rank from location where tenant = $1 order by rank, id
