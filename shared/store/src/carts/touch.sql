with changed as (
    update cart set version = version + 1, updated_at = $4, country = coalesce($5, country),
        shipping = coalesce($6, shipping), codes = coalesce($7, codes),
        credit = nullif(coalesce($8, credit), '00000000-0000-0000-0000-000000000000')
    where tenant = $1 and id = $2 and state = 'open' and expires_at > $4
        and version = coalesce($3, version)
    returning id
)
select must(exists (select from changed), 'the cart was changed or is closed')
