update session set chosen_tenant = m.tenant
from membership m, tenants_of_person() t
where session.person = $1 and session.session = $2 and session.ended_at is null
  and t.id = $3 and m.person = $1 and m.tenant = t.tenant
returning session.session
