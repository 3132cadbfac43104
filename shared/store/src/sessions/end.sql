with ended as (
    update session set ended_at = $4, ended_because = $3
    where person = $1 and ended_at is null and ($2::uuid is null or session = $2)
    returning session
)
select count(session) from ended
