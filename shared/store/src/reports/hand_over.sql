update delivery d
set changed_at = $4,
    state = case
        when exists (
            select from unsubscribe u
            where u.tenant = $1 and u.report = $3 and lower(u.recipient) = lower(d.recipient)
        ) then 'unsubscribed'
        else 'handed_over'
    end
where d.tenant = $1 and d.id = $2 and d.state = 'claimed'
returning d.state
