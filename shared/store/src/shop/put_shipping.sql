insert into shipping_option (tenant, id, name, currency, price_minor, tax_category, countries,
    weight_grams_from, weight_grams_to, total_minor_from, total_minor_to, position)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (tenant, id) do update set name = excluded.name, currency = excluded.currency,
    price_minor = excluded.price_minor, tax_category = excluded.tax_category,
    countries = excluded.countries, weight_grams_from = excluded.weight_grams_from,
    weight_grams_to = excluded.weight_grams_to, total_minor_from = excluded.total_minor_from,
    total_minor_to = excluded.total_minor_to, position = excluded.position
