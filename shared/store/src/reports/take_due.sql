select r.tenant, r.id, r.schedule::text, r.zone,
       array(
           select a.address
           from unnest(r.recipients) as a(address)
           where not exists (
               select from unsubscribe u
               where u.tenant = r.tenant and u.report = r.id and lower(u.recipient) = lower(a.address)
           )
       )
from report r
where r.next_due_at <= $1
order by r.next_due_at
limit 1
for update of r skip locked
