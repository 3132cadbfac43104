insert into product_type as t (tenant, name, schema) values ($1, $2, $3)
on conflict (tenant, name) do update set schema = excluded.schema, version = t.version + 1
returning version
