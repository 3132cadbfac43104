insert into parcel_notice
    (tenant, id, kind, carrier, tracking_number, tracking, occurred_at, detail, state, heard_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (tenant, id) do nothing
