with removed as (
    delete from membership
    where tenant = $1 and person = $2 and role = $3
    returning person
)
select must(exists (select from removed), 'the member has the role that was found')
