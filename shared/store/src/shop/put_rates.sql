insert into tax_rate (tenant, zone, tax_category, rate_ppm)
select $1, $2, r.tax_category, r.rate_ppm
from (select unnest($3::text[]) as tax_category, unnest($4::int[]) as rate_ppm) r
