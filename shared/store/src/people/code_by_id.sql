select person, purpose, email, expires_at, used_at
from person_code_by_id($1)
