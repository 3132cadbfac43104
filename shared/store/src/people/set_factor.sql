update person
set factor = $2, factor_key = $3, factor_confirmed_at = null, factor_step = 0, factor_recovered = 0
where person = $1
