-- How far those have read who follow orders: a nudge that comes twice, late or out of order finds
-- nothing new.
create table order_follower (
    tenant int not null references tenant on delete cascade,
    order_id uuid not null,
    follower text not null,
    version int not null,
    primary key (tenant, order_id, follower)
) with (fillfactor = 70);
call isolate_tenants('order_follower');

create index contact_by_email on contact (tenant, lower(email)) where email is not null;
create index orders_by_contact on orders (tenant, contact);

create index cart_by_change on cart (tenant, updated_at);
