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

-- What the attributes of some products must be, as JSON Schema.
create table product_type (
    tenant int not null references tenant on delete cascade,
    name text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
    schema jsonb not null,
    version int not null default 1,
    primary key (tenant, name)
);
call isolate_tenants('product_type');

-- Products that are archived lose a type that goes; others keep it from going.
alter table product add column type text,
    add constraint product_type foreign key (tenant, type) references product_type
        on delete set null (type);
create index product_by_type on product (tenant, type, id) where type is not null;

create or replace view whole_product with (security_invoker = true) as
select p.tenant, p.id, p.slug, p.title, p.description, p.attributes, p.options, p.categories,
    p.tax_category, p.media, p.state, p.version, coalesce((
        select json_agg(json_build_object(
            'id', v.id, 'sku', v.sku, 'barcode', v.barcode, 'title', v.title,
            'options', v.options, 'weight_grams', v.weight_grams, 'is_stocked', v.is_stocked,
            'prices', coalesce((
                select json_agg(json_build_object(
                    'amount_minor', r.amount_minor, 'currency', r.currency,
                    'starts_at', nullif(r.starts_at, '-infinity'),
                    'ends_at', nullif(r.ends_at, 'infinity')
                ) order by r.currency, r.starts_at)
                from price r
                where r.tenant = p.tenant and r.variant = v.id
            ), '[]')
        ) order by v.position)::text
        from variant v
        where v.tenant = p.tenant and v.product = p.id
    ), '[]') as variants, p.type
from product p;

-- Where little is left is looked for among what somebody wants to be told of. What orders change
-- stays out of the index, so that they go on writing to the table alone.
create index stock_told on stock (tenant, variant, location) where low_stock is not null;
