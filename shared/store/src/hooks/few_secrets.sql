select must(
    (select count(*) from hook_secret where tenant = $1 and hook = $2) <= coalesce($3::bigint, 0),
    'the endpoint has too many valid secrets'
)
