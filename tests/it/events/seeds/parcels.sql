insert into parcel_notice (tenant, id, kind, carrier, tracking_number, tracking, occurred_at, detail,
    state, heard_at)
values (1, 'msg_seed', 'parcel.failed', 'UPS', '1Z 999', 'ups/1Z999', '2026-11-20T15:00:00Z',
    'Nobody was there', 'waiting', '2026-11-20T15:00:30Z')
