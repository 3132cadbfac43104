insert into tax_zone (tenant, zone, countries, prices_include_tax) values ($1, $2, $3, $4)
on conflict (tenant, zone) do update set countries = excluded.countries,
    prices_include_tax = excluded.prices_include_tax
