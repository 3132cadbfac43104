-- Personal data of an order. Erasure empties it; events hold only its id.
create table contact (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    email text,
    name text,
    phone text,
    shipping_address jsonb,
    billing_address jsonb,
    erased_at timestamptz,
    primary key (tenant, id)
);
call isolate_tenants('contact');

-- Checkouts, by the key of whoever asked: asked again, the same is answered, to the byte.
create table checkout_call (
    tenant int not null references tenant on delete cascade,
    key text not null,
    fingerprint bytea not null check (length(fingerprint) = 32),
    order_id uuid not null,
    -- Null while the call is under way.
    body bytea,
    -- Until then nobody else goes on with it.
    lease_until timestamptz not null,
    expires_at timestamptz not null,
    primary key (tenant, key)
);
create index checkout_call_by_expiry on checkout_call (expires_at);
call isolate_tenants('checkout_call');
