select id, name, currency, zone, role, since
from tenants_of_person()
