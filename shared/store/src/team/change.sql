with changed as (
    update membership set role = $4
    where tenant = $1 and person = $2 and role = $3
    returning person
)
select must(exists (select from changed), 'the member has the role that was found')
