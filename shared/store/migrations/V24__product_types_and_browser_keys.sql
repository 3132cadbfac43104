-- Keys that browsers use in pages of some origins alone; without any, in all.
alter table api_key add column origins text[] not null default '{}';

drop function api_key_by_hash(bytea);
create function api_key_by_hash(wanted bytea)
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
    where k.hash = wanted and k.revoked_at is null
$$;

grant create on schema public to takings_system;
alter function api_key_by_hash(bytea) owner to takings_system;
revoke create on schema public from takings_system;
revoke execute on function api_key_by_hash(bytea) from public;
grant execute on function api_key_by_hash(bytea) to takings_app;
