select z.prices_include_tax, r.tax_category, r.rate_ppm
from (
    select z.zone, z.prices_include_tax
    from tax_zone z, cart c
    where z.tenant = $1 and c.tenant = $1 and c.id = $2
        and (c.country = any (z.countries) or z.countries = '{}')
    order by z.countries = '{}', z.zone
    limit 1
) z
left join tax_rate r on r.tenant = $1 and r.zone = z.zone
