with locked as materialized (
    select id
    from discount
    where tenant = $1 and id = any ($2::uuid[])
    order by id
    for no key update
), counted as (
    update discount d set redeemed = d.redeemed + 1
    from locked l
    where d.tenant = $1 and d.id = l.id
    returning d.redeemed <= coalesce(d.redemptions_limit, d.redeemed) as is_left
)
select must(
    (select count(*) from counted where is_left) = coalesce(cardinality($2::uuid[]), 0),
    'a discount is used up'
)
