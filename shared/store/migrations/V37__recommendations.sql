-- What is bought together, counted by night from the orders of the last year.

-- One row a shop: its last count. Whoever counts holds it, so that two counts do not mix.
create table recommendation_run (
    tenant int not null references tenant on delete cascade,
    -- Orders that were counted.
    orders int not null,
    computed_at timestamptz not null,
    primary key (tenant)
);
call isolate_tenants('recommendation_run');

create table bought_together (
    tenant int not null references tenant on delete cascade,
    product uuid not null,
    other uuid not null,
    -- Orders that have both.
    orders int not null,
    -- How many times as often as by chance.
    lift float8 not null,
    primary key (tenant, product, other)
);
call isolate_tenants('bought_together');

create table bought (
    tenant int not null references tenant on delete cascade,
    product uuid not null,
    -- Orders that have it.
    orders int not null,
    primary key (tenant, product)
);
call isolate_tenants('bought');

create index orders_by_placing on orders (tenant, placed_at, id) where placed_at is not null;
