with withdrawn as (
    update invitation set withdrawn_at = $3
    where tenant = $1 and invitation = $2 and accepted_at is null and withdrawn_at is null
    returning invitation
)
select must(exists (select from withdrawn), 'the invitation is open')
