delete from quarantine where tenant = $1 and id = $2 returning id
