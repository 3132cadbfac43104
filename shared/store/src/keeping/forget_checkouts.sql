delete from checkout_call where expires_at < $1
