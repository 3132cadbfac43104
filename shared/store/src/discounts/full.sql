select must(
    (select count(*) from discount where tenant = $1 and code is null) <= coalesce($2::bigint, 0),
    'the shop has too many discounts without a code'
)
