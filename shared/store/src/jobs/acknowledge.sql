delete from job j
using unnest($1::bigint[], $2::int[]) as r (id, attempt)
where j.id = r.id and j.attempts = r.attempt
returning j.id, j.attempts
