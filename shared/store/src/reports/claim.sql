with claimed as (
    update delivery
    set state = 'claimed', changed_at = $3
    where tenant = $1 and id = $2 and state in ('planned', 'claimed')
    returning occurrence, recipient
)
select r.id, r.name, r.items::text, r.schedule::text, c.recipient, o.due_at, o.late, o.test
from claimed c
join occurrence o on o.tenant = $1 and o.id = c.occurrence
join report r on r.tenant = $1 and r.id = o.report
