delete from bought_together where tenant = $1
