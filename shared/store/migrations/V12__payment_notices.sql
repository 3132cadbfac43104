-- Whose a payment is, for notices that carry nothing but the provider's name for it.
create function payment_by_reference(wanted_gateway text, wanted_reference text)
returns table (tenant int, order_id uuid, payment uuid)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select p.tenant, p.order_id, p.id from public.payment p
    where p.gateway = wanted_gateway and p.reference = wanted_reference
$$;
create policy system_finds on payment for select to takings_system using (true);
grant select on payment to takings_system;
grant create on schema public to takings_system;
alter function payment_by_reference(text, text) owner to takings_system;
revoke create on schema public from takings_system;
revoke execute on function payment_by_reference(text, text) from public;
grant execute on function payment_by_reference(text, text) to takings_app;

-- What payment providers said. A row is there once its effect is: both are in one transaction.
create table payment_notice (
    tenant int not null references tenant on delete cascade,
    gateway text not null,
    event text not null,
    kind text not null,
    -- When the provider says that it happened.
    happened_at timestamptz not null,
    order_id uuid not null,
    payment uuid not null,
    -- Events of the order that it made; none when it was old or known already.
    events int not null check (events >= 0),
    recorded_at timestamptz not null,
    primary key (tenant, gateway, event)
);
create index payment_notice_by_order on payment_notice (tenant, order_id, recorded_at);
call isolate_tenants('payment_notice');
