with revoked as (
    update api_key set revoked_at = $3
    where tenant = $1 and id = $2 and revoked_at is null
    returning hash
)
select (select hash from revoked), must(exists (select from revoked), 'the key is not revoked')
