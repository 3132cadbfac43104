with held as materialized (
    select balance_minor
    from credit
    where tenant = $1 and id = $2 and disabled_at is null
    for no key update
), disabled as (
    update credit c set balance_minor = 0, entries = c.entries + 1, disabled_at = $6
    from held h
    where c.tenant = $1 and c.id = $2
    returning c.entries, h.balance_minor
)
insert into credit_entry (tenant, credit, number, id, kind, amount_minor, balance_minor, reason,
    actor, recorded_at)
select $1, $2, entries, $3, 'disabled', -balance_minor, 0, $4, $5, $6 from disabled
returning number
