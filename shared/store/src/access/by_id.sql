select id, scopes, points_per_minute, expires_at, last_used_on,
       tenant, tenant_id, name, currency, zone, week_start, fiscal_year_start_month, origins
from api_key_by_id($1, $2)
