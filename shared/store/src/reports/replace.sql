update report
set name = $3, items = $4::text::jsonb, recipients = $5, schedule = $6::text::jsonb, zone = $7,
    paused = $8, next_due_at = $9, changed_at = $10
where tenant = $1 and id = $2
returning id
