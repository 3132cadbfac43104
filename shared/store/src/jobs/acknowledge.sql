delete from job where id = $1 and attempts = $2 returning id
