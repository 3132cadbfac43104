-- Gift cards and store credit, which is the same for one customer alone.
create table credit (
    tenant int not null references tenant on delete cascade,
    id uuid not null,
    -- The keyed hash of its code, and the key: all that is kept of it but its end.
    code_hash bytea not null check (length(code_hash) = 16),
    code_key int not null,
    last_four text not null check (length(last_four) = 4),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    issued_minor bigint not null check (issued_minor > 0),
    -- What its entries add up to: each changes both in one statement.
    balance_minor bigint not null,
    entries int not null default 1,
    expires_at timestamptz,
    disabled_at timestamptz,
    -- The SHA-256 of an address, so that nothing of a contact is here.
    customer bytea check (length(customer) = 32),
    note text check (length(note) between 1 and 2000),
    created_at timestamptz not null,
    primary key (tenant, id),
    constraint credit_code unique (tenant, code_hash),
    constraint credit_not_overspent check (balance_minor >= 0)
) with (fillfactor = 70);
create index credit_by_age on credit (tenant, created_at, id);
call isolate_tenants('credit');
revoke delete on credit from takings_app;

-- What happened to a balance, in its order. It only grows.
create table credit_entry (
    tenant int not null,
    credit uuid not null,
    number int not null check (number > 0),
    -- Follows from the call or from the event of the order, so that each is entered once.
    id uuid not null,
    kind text not null check (kind in ('issued', 'debited', 'credited', 'adjusted', 'disabled')),
    amount_minor bigint not null,
    -- The balance then.
    balance_minor bigint not null check (balance_minor >= 0),
    order_id uuid,
    reason text,
    actor text not null,
    recorded_at timestamptz not null,
    primary key (tenant, credit, number),
    foreign key (tenant, credit) references credit on delete cascade,
    constraint credit_entry_once unique (tenant, id)
);
call isolate_tenants('credit_entry');
revoke update, delete on credit_entry from takings_app;
