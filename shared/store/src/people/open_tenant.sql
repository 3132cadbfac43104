select tenant, tenant_id, name, currency, zone, week_start, fiscal_year_start_month
from open_tenant($1, $2, $3, $4, $5, $6, $7, $8)
