-- What a shop sells, for how much, and how much of it there is.

create table product (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
    title text not null check (length(title) between 1 and 200),
    description text not null default '' check (length(description) <= 20000),
    attributes jsonb not null default '{}',
    -- The names of what its variants differ in, such as size and color.
    options text[] not null default '{}',
    categories text[] not null default '{}',
    tax_category text not null default 'standard',
    media jsonb not null default '[]',
    state text not null default 'draft' check (state in ('draft', 'published', 'archived')),
    version int not null default 1,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (tenant, id),
    constraint product_slug unique (tenant, slug)
);
call isolate_tenants('product');

create table variant (
    tenant int not null,
    id uuid not null,
    product uuid not null,
    sku text not null check (length(sku) between 1 and 64),
    barcode text,
    title text not null default '',
    -- The values of the product's options, in their order.
    options text[] not null default '{}',
    weight_grams int not null default 0 check (weight_grams >= 0),
    is_stocked boolean not null default true,
    position smallint not null default 0,
    primary key (tenant, id),
    foreign key (tenant, product) references product on delete cascade,
    constraint variant_sku unique (tenant, sku)
);
create index variant_by_product on variant (tenant, product);
call isolate_tenants('variant');

-- The price at an instant is that of the row with the latest start whose window holds it.
create table price (
    tenant int not null,
    variant uuid not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    starts_at timestamptz not null default '-infinity',
    ends_at timestamptz not null default 'infinity',
    amount_minor bigint not null check (amount_minor >= 0),
    primary key (tenant, variant, currency, starts_at),
    foreign key (tenant, variant) references variant on delete cascade,
    check (starts_at < ends_at)
);
call isolate_tenants('price');

create table location (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    name text not null check (length(name) between 1 and 200),
    -- Stock is taken from the lowest first.
    rank smallint not null default 0,
    primary key (tenant, id),
    constraint location_name unique (tenant, name)
);
call isolate_tenants('location');

-- `reserved` waits for a payment, `allocated` is paid and waits for its parcel. Room in the pages
-- keeps updates off the index.
create table stock (
    tenant int not null,
    variant uuid not null,
    location uuid not null,
    on_hand int not null default 0 check (on_hand >= 0),
    reserved int not null default 0 check (reserved >= 0),
    allocated int not null default 0 check (allocated >= 0),
    incoming int not null default 0 check (incoming >= 0),
    backorder_limit int not null default 0 check (backorder_limit >= 0),
    low_stock int,
    primary key (tenant, variant, location),
    foreign key (tenant, variant) references variant,
    foreign key (tenant, location) references location,
    constraint stock_on_hand_most check (on_hand <= 1000000000),
    constraint stock_not_oversold check (on_hand - reserved - allocated >= -backorder_limit)
) with (fillfactor = 50);
call isolate_tenants('stock');

-- Every change of stock. Its sums are the columns of `stock`.
create table stock_movement (
    tenant int not null references tenant on delete cascade,
    id bigint generated always as identity,
    variant uuid not null,
    location uuid not null,
    on_hand int not null,
    reserved int not null,
    allocated int not null,
    -- The order that moved it, or the adjustment, which is made once.
    order_id uuid,
    adjustment uuid,
    reason text not null,
    actor text not null,
    recorded_at timestamptz not null default now(),
    primary key (tenant, id)
);
create index stock_movement_by_variant on stock_movement (tenant, variant, id);
create unique index stock_movement_adjustment on stock_movement (tenant, adjustment)
    where adjustment is not null;
call isolate_tenants('stock_movement');
revoke update, delete on stock_movement from takings_app;
