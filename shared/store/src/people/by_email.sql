select person, email, name, password_hash, verified_at,
       factor, factor_key, factor_confirmed_at, factor_step, factor_recovered
from person_by_email($1)
