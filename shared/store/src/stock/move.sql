with wanted as (
    select unnest($2::uuid[]) as variant, unnest($3::uuid[]) as location,
        unnest($4::int[]) as on_hand, unnest($5::int[]) as reserved,
        unnest($6::int[]) as allocated
), locked as materialized (
    select s.variant, s.location
    from stock s
    join wanted w on w.variant = s.variant and w.location = s.location
    where s.tenant = $1
    order by s.variant, s.location
    for no key update of s
), changed as (
    update stock s set on_hand = s.on_hand + w.on_hand, reserved = s.reserved + w.reserved,
        allocated = s.allocated + w.allocated
    from locked l
    join wanted w on w.variant = l.variant and w.location = l.location
    where s.tenant = $1 and s.variant = l.variant and s.location = l.location
    returning s.variant
)
select must(
    (select count(*) from changed) = coalesce(cardinality($2::uuid[]), 0),
    'a row of stock is missing'
)
