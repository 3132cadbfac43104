select received_at from quarantine where tenant = $1 and id = $2
