-- What customers get, for a code or without one, and what they had of it.

create table discount (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    -- In capitals; null for one that needs no code.
    code text check (code ~ '^[A-Z0-9_-]{1,64}$'),
    -- By which the shop knows it.
    handle text collate "C" not null generated always as (coalesce(code, id::text)) stored,
    rule jsonb not null,
    redemptions_limit int check (redemptions_limit > 0),
    customer_limit int check (customer_limit > 0),
    -- Redemptions that were not given back. One more than the limit is possible: an order that
    -- is paid late keeps what it was promised.
    redeemed int not null default 0 check (redeemed >= 0),
    primary key (tenant, id),
    constraint discount_handle unique (tenant, handle)
) with (fillfactor = 70);
create index discount_without_code on discount (tenant, id) where code is null;
call isolate_tenants('discount');

-- Who had a discount with which order. An order has each once, however often it comes back.
create table redemption (
    tenant int not null,
    order_id uuid not null,
    discount uuid not null,
    -- The SHA-256 of an address, so that nothing of a contact is here.
    customer bytea not null check (length(customer) = 32),
    redeemed_at timestamptz not null,
    given_back_at timestamptz,
    primary key (tenant, order_id, discount),
    foreign key (tenant, discount) references discount on delete cascade
);
create index redemption_by_customer on redemption (tenant, discount, customer)
    where given_back_at is null;
call isolate_tenants('redemption');
