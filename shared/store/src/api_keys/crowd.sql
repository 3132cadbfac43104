select must(
    not exists (
        select from api_key
        where tenant = $1 and revoked_at is null and (expires_at is null or expires_at > $3)
        offset $2 - 1
    ),
    'there is room for another key'
)
