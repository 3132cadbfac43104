with used as (
    update person_code set used_at = $3
    where person = $1 and code = $2 and used_at is null
    returning code
)
select must(exists (select from used), 'a code is used once')
