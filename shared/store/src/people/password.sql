update person set password_hash = $2
where person = $1
