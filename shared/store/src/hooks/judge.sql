update hook
set failing_since = case when not $3 then coalesce(failing_since, $5) end,
    enabled = enabled and ($3 or not ($4 or coalesce(failing_since, $5) <= $6)),
    disabled_reason = case
        when $3 or not enabled then disabled_reason
        when $4 then 'gone'
        when coalesce(failing_since, $5) <= $6 then 'failing'
    end
where tenant = $1 and id = $2 and not ($3 and failing_since is null)
returning enabled
