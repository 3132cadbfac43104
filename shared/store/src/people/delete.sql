delete from person
where person = $1
