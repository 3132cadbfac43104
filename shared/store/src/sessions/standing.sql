select session, person, kind, generation, renewed_at, created_at, role,
       tenant, tenant_id, name, currency, zone, week_start, fiscal_year_start_month
from session_standing($1, $2, $3)
