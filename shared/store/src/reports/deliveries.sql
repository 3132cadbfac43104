select d.id, o.local_date, o.due_at, o.late, o.test, d.recipient, d.state, d.detail, d.changed_at
from delivery d
join occurrence o on o.tenant = d.tenant and o.id = d.occurrence
where d.tenant = $1 and o.report = $2 and ($3::uuid is null or d.id < $3)
order by d.id desc
limit $4
