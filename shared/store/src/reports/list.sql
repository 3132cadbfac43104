select r.id, r.name, r.items::text, r.recipients, r.schedule::text, r.zone, r.paused,
       r.next_due_at, r.created_at, r.changed_at,
       array(
           select u.recipient from unsubscribe u where u.tenant = r.tenant and u.report = r.id
       )
from report r
where r.tenant = $1 and ($2::uuid is null or r.id = $2)
order by r.id
