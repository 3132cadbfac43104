-- People. What is a person's is seen by that person alone, as what is a tenant's is by the tenant.

-- The person of the running transaction; null, and so no row, when none was set.
create function app_person() returns uuid
language sql stable parallel safe
return nullif(current_setting('app.person', true), '')::uuid;

-- Gives a table the one policy that every table of a person has.
create procedure isolate_people(target regclass)
language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format(
        'create policy person_only on %s using (person = (select app_person()))
         with check (person = (select app_person()))',
        target);
    execute format('create policy owner_keeps_house on %s to %I using (true)', target, current_user);
    execute format('create policy system_reads on %s for select to takings_system using (true)', target);
    execute format('grant select, insert, update, delete on %s to takings_app', target);
    execute format('grant select on %s to takings_system', target);
end
$$;

create table person (
    person uuid primary key,
    email text not null check (length(email) <= 254),
    name text not null check (length(name) <= 200),
    -- Argon2id, as a PHC string. Absent for those who log in elsewhere.
    password_hash text,
    -- When the address was shown to be theirs.
    verified_at timestamptz,
    -- The second factor: its secret is derived from this id and that key, and stands nowhere.
    factor uuid,
    factor_key int,
    factor_confirmed_at timestamptz,
    -- The newest step of time whose code was taken: none is taken twice.
    factor_step bigint not null default 0,
    -- Which recovery codes were used, a bit each.
    factor_recovered int not null default 0,
    created_at timestamptz not null
);
create unique index person_by_email on person (lower(email));
call isolate_people('person');

-- Where a person is logged in. A browser shows a secret, whose SHA-256 is kept; the tokens that
-- renew others are seals over the id and the generation, and are not kept.
create table session (
    session uuid primary key,
    person uuid not null references person on delete cascade,
    kind text not null check (kind in ('browser', 'client')),
    secret_hash bytea unique check (length(secret_hash) = 32),
    generation int not null default 0,
    -- When it was last renewed, or, in a browser, was last seen.
    renewed_at timestamptz not null,
    -- The tenant that was last chosen in it.
    chosen_tenant int references tenant on delete set null,
    -- What it was logged in with, as its owner may recognize it.
    client text not null check (length(client) <= 200),
    address text not null check (length(address) <= 64),
    created_at timestamptz not null,
    ended_at timestamptz,
    ended_because text check (ended_because in ('logged_out', 'reused', 'password', 'removed')),
    check ((ended_at is null) = (ended_because is null)),
    check ((kind = 'browser') = (secret_hash is not null))
);
create index session_by_person on session (person, created_at);
call isolate_people('session');

-- What a letter with a code allows its reader, once. The code is a seal over the id.
create table person_code (
    code uuid primary key,
    person uuid not null references person on delete cascade,
    purpose text not null check (purpose in ('verify', 'reset', 'email', 'known')),
    -- To whom it is written; for `email` the address to be.
    email text not null check (length(email) <= 254),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index person_code_by_person on person_code (person, created_at);
call isolate_people('person_code');

create table membership (
    tenant int not null references tenant on delete cascade,
    person uuid not null references person on delete cascade,
    role text not null check (role in ('owner', 'admin', 'editor', 'viewer')),
    since timestamptz not null,
    primary key (tenant, person)
);
create index membership_by_person on membership (person);
call isolate_tenants('membership');
create policy person_reads on membership for select to takings_app
    using (person = (select app_person()));
create policy system_reads on membership for select to takings_system using (true);
create policy system_opens on membership for insert to takings_system with check (true);
grant select, insert on membership to takings_system;

-- A tenant keeps an owner, whoever leaves, is removed or is deleted at the same moment.
create function keep_an_owner() returns trigger
language plpgsql security definer set search_path = pg_catalog, public
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('owners', old.tenant));
    perform public.must(
        not exists (select from public.tenant t where t.tenant = old.tenant)
        or exists (
            select from public.membership m where m.tenant = old.tenant and m.role = 'owner'),
        'a tenant keeps an owner');
    return null;
end
$$;
create trigger keep_an_owner after delete or update of role on membership
    for each row when (old.role = 'owner') execute function keep_an_owner();

create table invitation (
    tenant int not null references tenant on delete cascade,
    invitation uuid not null,
    email text not null check (length(email) <= 254),
    role text not null check (role in ('owner', 'admin', 'editor', 'viewer')),
    -- A person, or `local` for the command line of who hosts it.
    invited_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    withdrawn_at timestamptz,
    primary key (tenant, invitation)
);
create unique index invitation_open on invitation (tenant, lower(email))
    where accepted_at is null and withdrawn_at is null;
create unique index invitation_by_id on invitation (invitation);
call isolate_tenants('invitation');
create policy system_reads on invitation for select to takings_system using (true);
grant select on invitation to takings_system;

-- Who did what to a tenant: each entry holds the hash of the one before. `entry` is JSON as it was
-- hashed, letter by letter.
create table audit (
    tenant int not null references tenant on delete cascade,
    number bigint not null check (number > 0),
    recorded_at timestamptz not null,
    entry text not null,
    hash bytea not null check (length(hash) = 32),
    primary key (tenant, number)
);
call isolate_tenants('audit');
revoke update, delete on audit from takings_app;

-- The last of them: whoever adds one holds it.
create table audit_head (
    tenant int primary key references tenant on delete cascade,
    number bigint not null,
    hash bytea not null check (length(hash) = 32)
);
call isolate_tenants('audit_head');
revoke delete on audit_head from takings_app;

-- Adds an entry to the chain of a tenant. `domain::audit` says what is hashed.
create function audit_add(of_tenant int, at timestamptz, what text) returns void
language plpgsql as $$
declare
    next bigint;
    chained bytea;
begin
    insert into audit_head (tenant, number, hash)
    values (of_tenant, 0, decode(repeat('00', 32), 'hex'))
    on conflict (tenant) do nothing;
    select number + 1, hash into next, chained from audit_head where tenant = of_tenant for update;
    chained := sha256(
        chained
        || convert_to(
            next || E'\n' || (extract(epoch from at) * 1000000)::bigint || E'\n' || what, 'UTF8'));
    insert into audit (tenant, number, recorded_at, entry, hash)
    values (of_tenant, next, at, what, chained);
    update audit_head set number = next, hash = chained where tenant = of_tenant;
end
$$;

-- The looks across people and tenants that a call may take which knows neither yet.

create function person_by_email(wanted text)
returns table (
    person uuid, email text, name text, password_hash text, verified_at timestamptz,
    factor uuid, factor_key int, factor_confirmed_at timestamptz, factor_step bigint,
    factor_recovered int
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select p.person, p.email, p.name, p.password_hash, p.verified_at,
           p.factor, p.factor_key, p.factor_confirmed_at, p.factor_step, p.factor_recovered
    from public.person p
    where lower(p.email) = lower(wanted)
$$;

-- A session that was not ended, by its id or by the hash of its secret, and what its person is in a
-- tenant: one that is named, or the one that was last chosen.
create function session_standing(wanted uuid, wanted_secret_hash bytea, wanted_tenant uuid)
returns table (
    session uuid, person uuid, kind text, generation int, renewed_at timestamptz, created_at timestamptz,
    role text, tenant int, tenant_id uuid, name text, currency text, zone text,
    week_start smallint, fiscal_year_start_month smallint
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select s.session, s.person, s.kind, s.generation, s.renewed_at, s.created_at,
           m.role, t.tenant, t.id, t.name, t.currency, t.zone, t.week_start,
           t.fiscal_year_start_month
    from public.session s
    left join (public.tenant t join public.membership m on m.tenant = t.tenant)
        on m.person = s.person
           and (t.id = wanted_tenant or wanted_tenant is null and t.tenant = s.chosen_tenant)
    where (s.session = wanted or wanted is null and s.secret_hash = wanted_secret_hash)
      and s.ended_at is null
$$;

-- A key that tokens were given for: they end with it.
create function api_key_by_id(wanted_tenant uuid, wanted uuid)
returns table (
    id uuid, scopes text[], points_per_minute int, expires_at timestamptz, last_used_on date,
    tenant int, tenant_id uuid, name text, currency text, zone text, week_start smallint,
    fiscal_year_start_month smallint, origins text[]
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select k.id, k.scopes, k.points_per_minute, k.expires_at, k.last_used_on,
           t.tenant, t.id, t.name, t.currency, t.zone, t.week_start, t.fiscal_year_start_month,
           k.origins
    from public.api_key k
    join public.tenant t on t.tenant = k.tenant
    where k.id = wanted and t.id = wanted_tenant and k.revoked_at is null
$$;

create function person_code_by_id(wanted uuid)
returns table (
    person uuid, purpose text, email text, expires_at timestamptz, used_at timestamptz
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select c.person, c.purpose, c.email, c.expires_at, c.used_at
    from public.person_code c
    where c.code = wanted
$$;

create function invitation_by_id(wanted uuid)
returns table (
    email text, role text, expires_at timestamptz, is_open boolean, tenant int, tenant_id uuid, name text, currency text, zone text, week_start smallint,
    fiscal_year_start_month smallint
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select i.email, i.role, i.expires_at,
           i.accepted_at is null and i.withdrawn_at is null,
           t.tenant, t.id, t.name, t.currency, t.zone, t.week_start, t.fiscal_year_start_month
    from public.invitation i
    join public.tenant t on t.tenant = i.tenant
    where i.invitation = wanted
$$;

-- The tenants of the person of the running transaction.
create function tenants_of_person()
returns table (
    tenant int, id uuid, name text, currency text, zone text, role text, since timestamptz
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select t.tenant, t.id, t.name, t.currency, t.zone, m.role, m.since
    from public.membership m
    join public.tenant t on t.tenant = m.tenant
    where m.person = public.app_person()
    order by m.since, t.id
$$;

-- The people of the tenant of the running transaction.
create function people_of_tenant()
returns table (
    person uuid, email text, name text, role text, since timestamptz, has_factor boolean
)
language sql stable security definer set search_path = pg_catalog, public
as $$
    select p.person, p.email, p.name, m.role, m.since, p.factor_confirmed_at is not null
    from public.membership m
    join public.person p on p.person = m.person
    where m.tenant = public.app_tenant()
    order by m.since, p.person
$$;

-- Makes a tenant whose owner is the person of the running transaction.
create function open_tenant(
    wanted uuid, called text, money text, zone_name text, first_day smallint, first_month smallint,
    at timestamptz, entry text
)
returns table (
    tenant int, tenant_id uuid, name text, currency text, zone text, week_start smallint,
    fiscal_year_start_month smallint
)
language plpgsql security definer set search_path = pg_catalog, public
as $$
#variable_conflict use_column
begin
    perform public.must(public.app_person() is not null, 'somebody opens a tenant');
    insert into public.tenant (id, name, currency, zone, week_start, fiscal_year_start_month)
    values (wanted, called, money, zone_name, first_day, first_month)
    on conflict (id) do nothing;
    if found then
        insert into public.membership (tenant, person, role, since)
        select t.tenant, public.app_person(), 'owner', at from public.tenant t where t.id = wanted;
        perform public.audit_add(t.tenant, at, entry) from public.tenant t where t.id = wanted;
    end if;
    return query
        select t.tenant, t.id, t.name, t.currency, t.zone, t.week_start, t.fiscal_year_start_month
        from public.tenant t
        join public.membership m on m.tenant = t.tenant and m.person = public.app_person()
        where t.id = wanted;
end
$$;

create policy system_opens on audit for insert to takings_system with check (number = 1);
create policy system_opens on audit_head for all to takings_system
    using (number <= 1) with check (number <= 1);
grant insert on audit to takings_system;
grant select, insert, update on audit_head to takings_system;
create policy system_opens on tenant for insert to takings_system with check (true);
grant insert on tenant to takings_system;

grant create on schema public to takings_system;
do $$
declare
    named text;
begin
    foreach named in array array[
        'keep_an_owner()', 'person_by_email(text)', 'session_standing(uuid, bytea, uuid)', 'api_key_by_id(uuid, uuid)',
        'person_code_by_id(uuid)',
        'invitation_by_id(uuid)', 'tenants_of_person()', 'people_of_tenant()',
        'open_tenant(uuid, text, text, text, smallint, smallint, timestamptz, text)'
    ] loop
        execute format('alter function %s owner to takings_system', named);
        execute format('revoke execute on function %s from public', named);
        execute format('grant execute on function %s to takings_app', named);
    end loop;
end
$$;
revoke create on schema public from takings_system;
