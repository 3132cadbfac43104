insert into report (
    tenant, id, name, items, recipients, schedule, zone, paused, next_due_at, created_at, changed_at
)
select $1, $2, $3, $4::text::jsonb, $5, $6::text::jsonb, $7, $8, $9, $10, $10
where (select count(*) from report where tenant = $1) < $11
returning id
