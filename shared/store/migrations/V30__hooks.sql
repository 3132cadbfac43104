-- Endpoints of shops that are told of events.
create table hook (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    url text not null check (length(url) between 1 and 2000),
    -- Of what it is told; everything when empty.
    topics text[] not null,
    enabled boolean not null,
    -- It is told of what happened from then on.
    enabled_at timestamptz not null,
    -- Why it was disabled, unless by its owner.
    disabled_reason text check (disabled_reason in ('gone', 'failing')),
    -- Since when it took nothing; null when it took the last thing.
    failing_since timestamptz,
    created_at timestamptz not null,
    primary key (tenant, id),
    -- So that an endpoint that is made twice is one.
    constraint hook_url unique (tenant, url)
);
call isolate_tenants('hook');

create table hook_secret (
    tenant int not null,
    hook uuid not null,
    secret text not null,
    created_at timestamptz not null,
    -- Null for the newest.
    valid_until timestamptz,
    primary key (tenant, hook, secret),
    foreign key (tenant, hook) references hook on delete cascade
);
call isolate_tenants('hook_secret');

-- One event on its way to one endpoint.
create table hook_delivery (
    tenant int not null,
    id uuid not null,
    hook uuid not null,
    -- Null for a test.
    order_id uuid,
    version int,
    topic text not null,
    -- As receivers know the event, on every try and at every endpoint.
    message text not null,
    -- What is sent, byte for byte.
    body text not null,
    state text not null check (state in ('pending', 'succeeded', 'failed')),
    attempts int not null default 0,
    -- Attempts before somebody asked for it to be sent again.
    attempts_before int not null default 0,
    last_status smallint,
    detail text,
    -- While it is tried: when another may believe that whoever tries it has died.
    next_try_at timestamptz,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (tenant, id),
    foreign key (tenant, hook) references hook on delete cascade,
    constraint hook_delivery_once unique (tenant, hook, order_id, version),
    check ((state = 'pending') = (next_try_at is not null))
) with (fillfactor = 70);
create index hook_delivery_by_hook on hook_delivery (tenant, hook, id);
create index hook_delivery_by_order on hook_delivery (tenant, order_id)
    where next_try_at is not null;
create index hook_delivery_by_due on hook_delivery (next_try_at) where next_try_at is not null;
call isolate_tenants('hook_delivery');
create policy system_sweeps on hook_delivery for select to takings_system using (true);
grant select on hook_delivery to takings_system;
