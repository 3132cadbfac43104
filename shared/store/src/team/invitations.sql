select invitation, email, role, invited_by, created_at, expires_at
from invitation
where tenant = $1 and accepted_at is null and withdrawn_at is null and expires_at > $2
order by created_at, invitation
