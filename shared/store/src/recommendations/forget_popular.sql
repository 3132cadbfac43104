delete from bought where tenant = $1
