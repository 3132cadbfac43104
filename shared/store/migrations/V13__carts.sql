-- How a shop sells, and what its customers are about to buy.

create table shop (
    tenant int primary key references tenant on delete cascade,
    rounding text not null default 'per_line'
        check (rounding in ('per_unit', 'per_line', 'per_order')),
    capture text not null default 'automatic' check (capture in ('automatic', 'manual')),
    -- How long stock waits for a payment.
    payment_minutes int not null default 60 check (payment_minutes between 5 and 1440),
    -- How long a cart waits for its customer.
    cart_days int not null default 30 check (cart_days between 1 and 365)
);
call isolate_tenants('shop');

-- Countries that are taxed alike. One zone with no country at all stands for all others.
create table tax_zone (
    tenant int not null references tenant on delete cascade,
    zone text not null,
    countries text[] not null,
    prices_include_tax boolean not null,
    primary key (tenant, zone)
);
call isolate_tenants('tax_zone');

create table tax_rate (
    tenant int not null,
    zone text not null,
    tax_category text not null,
    -- Parts per million: 20 % is 200,000.
    rate_ppm int not null check (rate_ppm between 0 and 1000000),
    primary key (tenant, zone, tax_category),
    foreign key (tenant, zone) references tax_zone on delete cascade
);
call isolate_tenants('tax_rate');

-- What customers are about to buy, and what they bought.

-- A cart is changed by whoever holds its token; its version grows with every change.
create table cart (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    token_hash bytea not null check (length(token_hash) = 32),
    version int not null default 1,
    state text not null default 'open' check (state in ('open', 'ordered', 'merged')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    country text not null default '' check (country ~ '^([A-Z]{2})?$'),
    channel text not null default 'web',
    shipping uuid,
    codes text[] not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (tenant, id)
);
create index cart_by_expiry on cart (tenant, expires_at) where state = 'open';
call isolate_tenants('cart');

create table cart_line (
    tenant int not null,
    cart uuid not null,
    id uuid not null,
    variant uuid not null,
    quantity int not null check (quantity between 1 and 10000),
    -- What the customer wants written on it and the like: lines that differ in it stay apart.
    properties jsonb not null default '{}',
    added_at timestamptz not null default now(),
    primary key (tenant, cart, id),
    foreign key (tenant, cart) references cart on delete cascade,
    foreign key (tenant, variant) references variant,
    constraint cart_line_once unique (tenant, cart, variant, properties)
);
call isolate_tenants('cart_line');

create table shipping_option (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    name text not null check (length(name) between 1 and 200),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    price_minor bigint not null check (price_minor >= 0),
    tax_category text not null default 'standard',
    -- Where it goes; everywhere when empty.
    countries text[] not null default '{}',
    weight_grams_from int not null default 0,
    weight_grams_to int,
    total_minor_from bigint not null default 0,
    total_minor_to bigint,
    position smallint not null default 0,
    primary key (tenant, id)
);
call isolate_tenants('shipping_option');
