select count(*) from metric where tenant = $1
