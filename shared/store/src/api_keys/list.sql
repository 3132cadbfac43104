select id, hint, name, scopes, origins, points_per_minute, expires_at, revoked_at, last_used_on,
       created_at
from api_key
where tenant = $1
order by created_at desc, id desc
