update invitation set withdrawn_at = $3
where tenant = $1 and lower(email) = lower($2) and accepted_at is null and withdrawn_at is null
