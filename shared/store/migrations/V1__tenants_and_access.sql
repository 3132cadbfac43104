-- Roles. `takings_app` sees one tenant at a time; `takings_system` sees a short list of tables
-- across tenants; whoever migrates owns everything. None of the two owns a table.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['takings_app', 'takings_system'] loop
        begin
            execute format('create role %I nologin', wanted);
        exception
            when duplicate_object or unique_violation then null;
        end;
    end loop;
    begin
        execute format('grant takings_system to %I', current_user);
    exception
        when insufficient_privilege then null;
    end;
end
$$;

-- A server gives up on its own what a killed client leaves behind.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['takings_app', 'takings_system'] loop
        execute format('alter role %I set idle_in_transaction_session_timeout = ''15s''', wanted);
        execute format('alter role %I set statement_timeout = ''10s''', wanted);
    end loop;
exception
    -- Another database of the same cluster is being migrated at the same moment.
    when others then
        if sqlerrm not like '%tuple concurrently updated%' then raise; end if;
end
$$;

grant usage on schema public to takings_app, takings_system;

-- The tenant of the running transaction; null, and so no row, when none was set.
create function app_tenant() returns int
language sql stable parallel safe
return nullif(current_setting('app.tenant', true), '')::int;

-- Ends the transaction unless a condition holds: a pipelined commit reports no row counts, so
-- every refusal must be an error.
create function must(held boolean, what text) returns void
language plpgsql immutable as $$
begin
    if held is not true then
        raise exception '%', what using errcode = 'TK001';
    end if;
end
$$;

-- Gives a table the one policy that every tenant table has.
create procedure isolate_tenants(target regclass, tenant_column name default 'tenant')
language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format(
        'create policy tenant_only on %s using (%I = (select app_tenant()))
         with check (%I = (select app_tenant()))',
        target, tenant_column, tenant_column);
    execute format('create policy owner_keeps_house on %s to %I using (true)', target, current_user);
    execute format('grant select, insert, update, delete on %s to takings_app', target);
end
$$;

create table tenant (
    tenant int generated always as identity primary key,
    id uuid not null unique,
    name text not null check (length(name) between 1 and 200),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    zone text not null,
    week_start smallint not null default 1 check (week_start between 1 and 7),
    fiscal_year_start_month smallint not null default 1
        check (fiscal_year_start_month between 1 and 12),
    created_at timestamptz not null default now()
);
call isolate_tenants('tenant');
create policy system_reads on tenant for select to takings_system using (true);
grant select on tenant to takings_system;

create table api_key (
    id uuid primary key,
    tenant int not null references tenant on delete cascade,
    hash bytea not null unique check (length(hash) = 32),
    hint text not null,
    name text not null,
    scopes text[] not null,
    points_per_minute int not null check (points_per_minute > 0),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_on date,
    created_at timestamptz not null default now()
);
create index api_key_by_tenant on api_key (tenant);
call isolate_tenants('api_key');
create policy system_reads on api_key for select to takings_system using (true);
grant select on api_key to takings_system;

-- The one look across tenants that a call without a tenant yet may take: a key by its hash.
create function api_key_by_hash(wanted bytea)
returns table (
    id uuid, scopes text[], points_per_minute int, expires_at timestamptz, last_used_on date,
    tenant int, tenant_id uuid, name text, currency text, zone text, week_start smallint,
    fiscal_year_start_month smallint
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select k.id, k.scopes, k.points_per_minute, k.expires_at, k.last_used_on,
           t.tenant, t.id, t.name, t.currency, t.zone, t.week_start, t.fiscal_year_start_month
    from public.api_key k
    join public.tenant t on t.tenant = k.tenant
    where k.hash = wanted and k.revoked_at is null
$$;

-- Likewise for a token, which names its tenant by the public id.
create function tenant_by_id(wanted uuid)
returns table (
    tenant int, tenant_id uuid, name text, currency text, zone text, week_start smallint,
    fiscal_year_start_month smallint
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select t.tenant, t.id, t.name, t.currency, t.zone, t.week_start, t.fiscal_year_start_month
    from public.tenant t
    where t.id = wanted
$$;

grant create on schema public to takings_system;
alter function api_key_by_hash(bytea) owner to takings_system;
alter function tenant_by_id(uuid) owner to takings_system;
revoke create on schema public from takings_system;
revoke execute on function api_key_by_hash(bytea), tenant_by_id(uuid) from public;
grant execute on function api_key_by_hash(bytea), tenant_by_id(uuid) to takings_app;
