select person, email, name, password_hash, verified_at,
       factor, factor_key, factor_confirmed_at, factor_step, factor_recovered
from person
where person = $1
