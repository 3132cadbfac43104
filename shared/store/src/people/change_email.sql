update person set email = (select email from person_code where person = $1 and code = $2)
where person = $1
