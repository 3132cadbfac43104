-- Invoices have numbers of their own, without a gap for each tenant; an order has at most one.
create table invoice (
    tenant int not null references tenant on delete cascade,
    number bigint not null,
    order_id uuid not null,
    issued_at timestamptz not null,
    primary key (tenant, number),
    constraint invoice_order unique (tenant, order_id)
);
call isolate_tenants('invoice');
revoke update, delete on invoice from takings_app;

create index orders_by_opening on orders (tenant, opened_at desc, id desc);
