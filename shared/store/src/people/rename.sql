update person set name = $2
where person = $1
