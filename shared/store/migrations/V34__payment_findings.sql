-- Payments at a provider that no order accounts for, for a person to look at.
create table payment_finding (
    -- Null where nobody knows whose it is. What it says of money outlives the tenant.
    tenant int references tenant on delete set null,
    gateway text not null,
    reference text not null,
    currency text not null,
    amount_minor bigint not null,
    -- `unmarked`, `no_order`, `duplicate` or `missing`.
    wrong text not null,
    found_at timestamptz not null,
    -- When the money was on its way back, or nothing could be taken any more; null until then.
    settled_at timestamptz,
    primary key (gateway, reference)
);
create index payment_finding_by_tenant on payment_finding (tenant, found_at);
create index payment_finding_open on payment_finding (reference) where settled_at is null;
call isolate_tenants('payment_finding');
revoke insert, update, delete on payment_finding from takings_app;
create policy system_reconciles on payment_finding to takings_system
    using (true) with check (true);
grant select, insert, update on payment_finding to takings_system;

-- Orders that wait for a provider.
create index orders_waiting on orders (id) where status = 'open';
