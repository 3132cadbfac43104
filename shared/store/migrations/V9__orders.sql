-- What customers bought, and where its money is.

-- The truth about orders. The primary key is the lock: two writers cannot both add the same
-- version.
create table order_event (
    tenant int not null references tenant on delete cascade,
    order_id uuid not null,
    version int not null check (version > 0),
    kind text not null,
    body jsonb not null,
    actor text not null,
    request_id text,
    recorded_at timestamptz not null default now(),
    primary key (tenant, order_id, version)
);
call isolate_tenants('order_event');
revoke update, delete on order_event from takings_app;

-- What follows from the events, for lists and lookups: it can be made anew from them.
create table orders (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    cart uuid not null,
    contact uuid not null,
    number bigint,
    version int not null,
    status text not null,
    payment_status text not null,
    fulfillment_status text not null,
    is_disputed boolean not null,
    currency text not null,
    country text not null,
    channel text not null,
    total_minor bigint not null,
    captured_minor bigint not null,
    refunding_minor bigint not null,
    -- When it is let go unless it is paid; null once nothing waits.
    expires_at timestamptz,
    -- Something is to be asked of the provider, and nobody does so before this.
    operation_due_at timestamptz,
    opened_at timestamptz not null default now(),
    placed_at timestamptz,
    primary key (tenant, id),
    constraint orders_cart unique (tenant, cart),
    constraint orders_number unique (tenant, number)
) with (fillfactor = 70);
create index orders_by_expiry on orders (expires_at) where expires_at is not null;
create index orders_by_operation on orders (operation_due_at) where operation_due_at is not null;
call isolate_tenants('orders');
create policy system_sweeps on orders for select to takings_system using (true);
grant select on orders to takings_system;

create table payment (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    order_id uuid not null,
    gateway text not null,
    reference text,
    primary key (tenant, id),
    constraint payment_reference unique (gateway, reference)
);
create index payment_by_order on payment (tenant, order_id);
call isolate_tenants('payment');

-- Numbers without a gap: drawn in the transaction that uses them.
create table sequence_number (
    tenant int not null references tenant on delete cascade,
    kind text not null,
    last bigint not null,
    primary key (tenant, kind)
) with (fillfactor = 50);
call isolate_tenants('sequence_number');

-- The books: debits positive, credits negative. The entries of an event add up to nothing.
create table posting (
    tenant int not null references tenant on delete cascade,
    order_id uuid not null,
    version int not null,
    account text not null,
    currency text not null,
    amount_minor bigint not null,
    primary key (tenant, order_id, version, account)
);
call isolate_tenants('posting');
revoke update, delete on posting from takings_app;
