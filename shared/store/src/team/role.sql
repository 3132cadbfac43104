select role
from membership
where tenant = $1 and person = $2
