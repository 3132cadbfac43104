select must(
    (select version from product_type where tenant = $1 and name = $2 for share)
        = coalesce($3::int, 0),
    'the type of the product changed'
)
