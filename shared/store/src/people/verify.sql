update person set verified_at = $2
where person = $1 and verified_at is null
