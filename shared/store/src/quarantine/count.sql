select count(*) from quarantine where tenant = $1
