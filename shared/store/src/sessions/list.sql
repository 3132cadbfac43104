select session, kind, client, address, created_at, renewed_at
from session
where person = $1 and ended_at is null
order by created_at desc, session
