with claimed as (
    update delivery d
    set changed_at = $3,
        state = case
            when not mine.test and exists (
                select
                from occurrence newer
                join delivery other
                    on other.tenant = newer.tenant and other.occurrence = newer.id
                where newer.tenant = $1 and newer.report = mine.report and not newer.test
                    and newer.due_at > mine.due_at
                    and lower(other.recipient) = lower(d.recipient)
            ) then 'overtaken'
            else 'claimed'
        end
    from occurrence mine
    where d.tenant = $1 and d.id = $2 and d.state in ('planned', 'claimed')
        and mine.tenant = $1 and mine.id = d.occurrence
    returning d.occurrence, d.recipient, d.state
), late as (
    update occurrence o
    set late = true
    from claimed c
    where c.state = 'claimed' and o.tenant = $1 and o.id = c.occurrence
        and o.due_at < $4 and not o.test and not o.late
    returning o.id
)
select r.id, r.name, r.items::text, r.schedule::text, c.recipient, o.due_at,
       o.late or exists (select from late), o.test
from claimed c
join occurrence o on o.tenant = $1 and o.id = c.occurrence
join report r on r.tenant = $1 and r.id = o.report
where c.state = 'claimed'
