with closed as (
    update cart set state = 'ordered', version = version + 1, updated_at = $4
    where tenant = $1 and id = $2 and state = 'open' and version = $3
    returning id
)
select must(exists (select from closed), 'the cart was changed or is closed')
