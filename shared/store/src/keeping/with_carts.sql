select distinct tenant from cart where updated_at >= $1 and updated_at < $2 order by tenant
