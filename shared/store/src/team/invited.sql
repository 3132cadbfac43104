select email, role, expires_at, is_open,
       tenant, tenant_id, name, currency, zone, week_start, fiscal_year_start_month
from invitation_by_id($1)
