-- Which parcel goes under which number, so that what carriers say finds it: it can be made anew
-- from the events of orders.
create table parcel (
    tenant int not null references tenant on delete cascade,
    order_id uuid not null,
    fulfillment uuid not null,
    -- Carrier and number, as they are compared. Two parcels may have one number: carriers give
    -- them out again, and orders travel together.
    tracking text collate "C" not null,
    primary key (tenant, order_id, fulfillment)
);
create index parcel_by_tracking on parcel (tenant, tracking);

insert into parcel (tenant, order_id, fulfillment, tracking)
select tenant, order_id, fulfillment, carrier || '/' || number
from (
    select distinct on (tenant, order_id, body->>'fulfillment') tenant, order_id,
        (body->>'fulfillment')::uuid as fulfillment,
        lower(trim(body->>'carrier') collate "C") as carrier,
        upper(regexp_replace(body->>'number', '[^A-Za-z0-9]', '', 'g') collate "C") as number
    from order_event
    where kind = 'fulfillment.tracking_updated.v1'
    order by tenant, order_id, body->>'fulfillment', version desc
) last
where number <> '';
call isolate_tenants('parcel');
