with retired as (
    update cart set state = 'merged', merged_into = $2, version = version + 1, updated_at = $4
    where tenant = $1 and id = $3 and state = 'open' and expires_at > $4
    returning id
)
select must(exists (select from retired), 'the other cart is closed')
