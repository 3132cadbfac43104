delete from forecast where tenant = $1 and metric = $2 and origin < $3
