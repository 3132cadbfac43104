with ended as (
    update api_key set expires_at = least(expires_at, $3)
    where tenant = $1 and id = $2 and revoked_at is null
      and (expires_at is null or expires_at > $4)
    returning id
)
select must(exists (select from ended), 'the key is good')
