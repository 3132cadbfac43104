update hook
set url = coalesce($3, url),
    topics = coalesce($4::text[], topics),
    enabled = coalesce($5::boolean, enabled),
    enabled_at = case when $5 and not enabled then $6 else enabled_at end,
    disabled_reason = case when $5 is null then disabled_reason end,
    failing_since = case when $3 is null and ($5 is null or enabled) then failing_since end
where tenant = $1 and id = $2
returning id
