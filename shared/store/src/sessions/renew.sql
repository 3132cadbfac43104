with renewed as (
    update session set generation = generation + 1, renewed_at = $4
    where person = $1 and session = $2 and generation = $3 and ended_at is null
    returning session
)
select must(exists (select from renewed), 'the session is renewed once')
