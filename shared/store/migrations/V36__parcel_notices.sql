-- What carriers said, once each, and what became of it.
create table parcel_notice (
    tenant int not null references tenant on delete cascade,
    -- The sender's id of it: the same on every delivery.
    id text not null,
    kind text not null,
    carrier text,
    tracking_number text,
    -- Both, as they are compared; null where it names no parcel.
    tracking text collate "C",
    -- When the carrier says that it happened.
    occurred_at timestamptz not null,
    -- In the carrier's words, which may name a person.
    detail text,
    -- `waiting` while no parcel has that number; `applied` when it changed an order, `unchanged`
    -- when it was no news; `ignored` when it says nothing of how far a parcel is.
    state text not null check (state in ('waiting', 'applied', 'unchanged', 'ignored')),
    order_id uuid,
    heard_at timestamptz not null,
    primary key (tenant, id)
) with (fillfactor = 70);
create index parcel_notice_waiting on parcel_notice (tenant, tracking) where state = 'waiting';
create index parcel_notice_by_order on parcel_notice (tenant, order_id)
    where order_id is not null;
create index parcel_notice_by_time on parcel_notice (tenant, heard_at, id);
call isolate_tenants('parcel_notice');
