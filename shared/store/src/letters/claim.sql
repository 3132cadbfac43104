insert into order_letter as l (tenant, order_id, version, news, state, changed_at)
values ($1, $2, $3, $4, 'claimed', $5)
on conflict (tenant, order_id, version) do update set
    state = case l.state when 'handed_over' then 'unknown' else l.state end,
    detail = case l.state
        when 'handed_over'
        then 'its worker ended while it spoke to the mail server; it is not sent again'
        else l.detail
    end,
    changed_at = case when l.state in ('handed_over', 'claimed') then $5 else l.changed_at end
returning state
