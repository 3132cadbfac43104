update cart c set
    country = coalesce(nullif(c.country, ''), o.country),
    shipping = coalesce(c.shipping, o.shipping),
    credit = coalesce(c.credit, o.credit),
    codes = array(
        select all_typed.code
        from unnest(c.codes || o.codes) with ordinality all_typed (code, place)
        group by all_typed.code
        order by min(all_typed.place)
        limit $4
    )
from cart o
where c.tenant = $1 and c.id = $2 and o.tenant = $1 and o.id = $3
