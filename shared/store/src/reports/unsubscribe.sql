insert into unsubscribe (tenant, report, recipient, at)
values ($1, $2, $3, $4)
on conflict (report, recipient) do nothing
