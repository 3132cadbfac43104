select tenant, number, hash
from audit_head
order by tenant
