with accepted as (
    update invitation set accepted_at = $3
    where tenant = $1 and invitation = $2 and accepted_at is null and withdrawn_at is null
    returning invitation
)
select must(exists (select from accepted), 'the invitation is open')
