create table metric (
    id int generated always as identity primary key,
    tenant int not null references tenant on delete cascade,
    name text not null,
    kind text not null check (kind in ('counter', 'gauge', 'event')),
    unit text not null,
    aggregation text not null,
    gap text not null,
    direction text not null,
    finest text not null check (finest in ('hour', 'day')),
    label text not null,
    draft boolean not null,
    created_at timestamptz not null default now(),
    unique (tenant, name)
);
call isolate_tenants('metric');

create table series (
    id int generated always as identity primary key,
    tenant int not null references tenant on delete cascade,
    metric int not null references metric on delete cascade,
    tags jsonb not null,
    -- The first 16 bytes of the SHA-256 of the tags: a B-tree entry has no room for all tags.
    tags_hash uuid not null,
    created_at timestamptz not null default now(),
    unique (tenant, metric, tags_hash)
);
call isolate_tenants('series');

-- Where points arrive: narrow, without a B-tree, one partition a week. Four bytes of tenant fill
-- what alignment would waste, so that isolation costs no space.
create table point_head (
    tenant int not null,
    series int not null,
    at timestamptz not null,
    value float8 not null
) partition by range (at);
create index point_head_by_time on point_head using brin (at) with (pages_per_range = 32);
call isolate_tenants('point_head');

-- Where sealed days rest: all points of a series and a UTC day in one row.
create table point_block (
    tenant int not null,
    series int not null,
    day date not null,
    n int not null,
    offsets_ms int[] not null,
    values float8[] not null,
    primary key (series, day)
);
call isolate_tenants('point_block');

-- Hours and days of the tenant's own zone, kept in the transaction of the points.
create table roll_hour (
    tenant int not null,
    series int not null,
    bucket timestamptz not null,
    n bigint not null,
    sum float8 not null,
    min float8 not null,
    max float8 not null,
    last float8 not null,
    last_at timestamptz not null,
    primary key (series, bucket)
) with (fillfactor = 80);
call isolate_tenants('roll_hour');

create table roll_day (
    tenant int not null,
    series int not null,
    bucket timestamptz not null,
    n bigint not null,
    sum float8 not null,
    min float8 not null,
    max float8 not null,
    last float8 not null,
    last_at timestamptz not null,
    primary key (series, bucket)
) with (fillfactor = 80);
call isolate_tenants('roll_day');

-- One partition a week, from Monday 00:00 UTC, made when its first point arrives. The app role
-- owns nothing, so it asks.
create function ensure_point_week(monday date) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
    partition text := format('point_head_%s', to_char(monday, 'YYYYMMDD'));
begin
    if extract(isodow from monday) <> 1 or monday < date '1970-01-01' - 7
        or monday > current_date + 400 then
        raise exception 'no partition of points starts on %', monday using errcode = '22023';
    end if;
    if to_regclass('public.' || partition) is not null then
        return;
    end if;
    perform pg_advisory_xact_lock(hashtext('point_head'), (monday - date '1970-01-01'));
    -- A query, not to_regclass: after the wait it must see what another session has committed.
    if exists (
        select from pg_class
        where relname = partition and relnamespace = 'public'::regnamespace
    ) then
        return;
    end if;
    execute format('create table public.%I (like public.point_head including defaults)', partition);
    execute format('alter table public.%I enable row level security', partition);
    execute format('alter table public.%I force row level security', partition);
    execute format(
        'create policy owner_keeps_house on public.%I to %I using (true)', partition, current_user);
    execute format(
        'alter table public.point_head attach partition public.%I for values from (%L) to (%L)',
        partition, monday::text || ' 00:00+00', (monday + 7)::text || ' 00:00+00');
end
$$;
revoke execute on function ensure_point_week(date) from public;
grant execute on function ensure_point_week(date) to takings_app, takings_system;

-- Gives the disk space of a packed week back. Whoever writes to the week just now goes first.
create function truncate_point_week(monday date) returns boolean
language plpgsql set search_path = pg_catalog, public set lock_timeout = '1s' as $$
declare
    partition text := format('point_head_%s', to_char(monday, 'YYYYMMDD'));
    filled boolean;
begin
    execute format('lock table public.%I in access exclusive mode', partition);
    execute format('select exists (select from public.%I)', partition) into filled;
    if not filled then
        execute format('truncate public.%I', partition);
    end if;
    return not filled;
exception
    when lock_not_available then return false;
end
$$;
revoke execute on function truncate_point_week(date) from public;

-- Batches that were written, with what became of their rows.
create table ingest_batch (
    tenant int not null references tenant on delete cascade,
    key uuid not null,
    body_hash uuid not null,
    receipt uuid,
    part int,
    outcome text not null,
    created_at timestamptz not null default now(),
    primary key (tenant, key)
);
create index ingest_batch_by_receipt on ingest_batch (tenant, receipt) where receipt is not null;
create index ingest_batch_by_age on ingest_batch (created_at);
call isolate_tenants('ingest_batch');

-- Points that came with an id of their own, for the dedupe horizon.
create table point_key (
    tenant int not null,
    key uuid not null,
    series int not null,
    at timestamptz not null,
    value float8 not null,
    created_at timestamptz not null default now(),
    primary key (tenant, key)
);
create index point_key_by_age on point_key using brin (created_at);
call isolate_tenants('point_key');

create table quarantine (
    tenant int not null references tenant on delete cascade,
    id uuid primary key,
    code text not null,
    field text not null,
    line text not null,
    received_at timestamptz not null
);
create index quarantine_by_tenant on quarantine (tenant, id);
call isolate_tenants('quarantine');
