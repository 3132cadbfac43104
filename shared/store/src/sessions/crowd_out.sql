update session set ended_at = $3, ended_because = 'logged_out'
where person = $1 and ended_at is null and session in (
    select session from session
    where person = $1 and ended_at is null
    order by created_at desc, session desc
    offset $2
)
