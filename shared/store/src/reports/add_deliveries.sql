insert into delivery (tenant, id, occurrence, recipient, state, changed_at)
select $1, d.id, $2, d.recipient, 'planned', $5
from unnest($3::uuid[], $4::text[]) as d(id, recipient)
