with wanted as (
    select d.id, d.code, d.rule, d.redeemed, 0::bigint as place
    from discount d
    where d.tenant = $1 and d.code is null
    union all
    select d.id, d.code, d.rule, d.redeemed, typed.place
    from cart c
    cross join unnest(c.codes) with ordinality typed (code, place)
    join discount d on d.tenant = c.tenant and d.handle = typed.code
    where c.tenant = $1 and c.id = $2 and d.code is not null
)
select w.id, w.code, w.rule::text, w.redeemed,
    (
        select count(*)::int
        from redemption r
        where r.tenant = $1 and r.discount = w.id and r.customer = $3 and r.given_back_at is null
    )
from wanted w
order by w.place, w.id
