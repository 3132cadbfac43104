with subject as (
    select id, categories
    from product
    where tenant = $1 and (id = $2 or slug = $3) and state = 'published'
), companions as (
    select t.other as product, t.orders, t.lift
    from subject s
    join bought_together t on t.tenant = $1 and t.product = s.id
), popular as (
    select b.product, b.orders, null::float8 as lift
    from subject s
    join bought b on b.tenant = $1 and b.product <> s.id
    join product p on p.tenant = $1 and p.id = b.product and p.categories && s.categories
    where b.product not in (select c.product from companions c)
), wanted as (
    select product, orders, lift from companions
    union all
    select product, orders, lift from popular
)
select p.id, p.slug, p.title, w.orders, w.lift
from wanted w
join product p on p.tenant = $1 and p.id = w.product and p.state = 'published'
where exists (
    select from variant v
    where v.tenant = $1 and v.product = p.id
        and exists (
            select from price r
            where r.tenant = $1 and r.variant = v.id and r.starts_at <= $4 and r.ends_at > $4
        )
        and (not v.is_stocked or exists (
            select from stock k
            where k.tenant = $1 and k.variant = v.id
                and k.on_hand - k.reserved - k.allocated + k.backorder_limit > 0
        ))
)
order by w.lift desc nulls last, w.orders desc, p.id
limit $5
