select tenant, tenant_id, name, currency, zone, week_start, fiscal_year_start_month
from tenant_by_id($1)
