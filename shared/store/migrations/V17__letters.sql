-- Letters to customers about what happened to their orders: one for each event that deserves one.
create table order_letter (
    tenant int not null references tenant on delete cascade,
    order_id uuid not null,
    version int not null,
    news text not null,
    state text not null
        check (state in ('claimed', 'handed_over', 'accepted', 'failed', 'unknown')),
    detail text,
    changed_at timestamptz not null,
    primary key (tenant, order_id, version)
);
call isolate_tenants('order_letter');
