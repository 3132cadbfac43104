insert into occurrence (tenant, id, report, local_date, due_at, late, test, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (report, local_date) where not test do nothing
returning id
