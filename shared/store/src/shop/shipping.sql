select id, name, price_minor, tax_category, countries, weight_grams_from, weight_grams_to,
    total_minor_from, total_minor_to, currency, position
from shipping_option
where tenant = $1
order by position, id
