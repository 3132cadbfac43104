select tenant, id, name, currency, zone, week_start, fiscal_year_start_month
from tenant
where tenant = $1
