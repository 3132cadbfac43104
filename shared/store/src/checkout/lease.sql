with leased as (
    update checkout_call set lease_until = $4
    where tenant = $1 and key = $2 and body is null and lease_until <= $3
    returning key
)
select must(exists (select from leased), 'the call is under way')
