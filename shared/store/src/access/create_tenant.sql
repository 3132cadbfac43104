insert into tenant (id, name, currency, zone, week_start, fiscal_year_start_month)
values ($1, $2, $3, $4, $5, $6)
on conflict (id) do update set name = excluded.name
returning tenant, id, name, currency, zone, week_start, fiscal_year_start_month
