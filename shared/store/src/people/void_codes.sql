update person_code set used_at = $3
where person = $1 and purpose = $2 and used_at is null
