select must(
    (select count(*) from hook where tenant = $1) <= coalesce($2::bigint, 0),
    'the shop has too many endpoints'
)
