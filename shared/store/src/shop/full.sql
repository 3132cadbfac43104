select must(
    (select count(*) from tax_zone where tenant = $1) <= coalesce($2::bigint, 0)
        and (select count(*) from shipping_option where tenant = $1) <= coalesce($2::bigint, 0),
    'the shop has too many of these'
)
