select z.zone, z.countries, z.prices_include_tax,
    array(
        select r.tax_category from tax_rate r
        where r.tenant = $1 and r.zone = z.zone order by r.tax_category
    ),
    array(
        select r.rate_ppm from tax_rate r
        where r.tenant = $1 and r.zone = z.zone order by r.tax_category
    )
from tax_zone z
where z.tenant = $1
order by z.zone
