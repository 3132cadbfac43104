select person, email, name, role, since, has_factor
from people_of_tenant()
