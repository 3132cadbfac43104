select s.id, s.name, s.price_minor, s.tax_category, s.countries, s.weight_grams_from,
    s.weight_grams_to, s.total_minor_from, s.total_minor_to
from shipping_option s
join cart c on c.tenant = s.tenant and c.currency = s.currency
where s.tenant = $1 and c.id = $2
order by s.position, s.id
