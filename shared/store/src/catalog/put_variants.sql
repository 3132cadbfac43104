with wanted as (
    select unnest($3::uuid[]) as id, unnest($4::text[]) as sku, unnest($5::text[]) as barcode,
        unnest($6::text[]) as title, unnest($7::text[])::jsonb as options,
        unnest($8::int[]) as weight_grams, unnest($9::bool[]) as is_stocked,
        generate_series(1, cardinality($3::uuid[])) as position
), put as (
    insert into variant as v (tenant, id, product, sku, barcode, title, options, weight_grams,
        is_stocked, position)
    select $1, w.id, $2, w.sku, w.barcode, w.title,
        array(select jsonb_array_elements_text(w.options)), w.weight_grams, w.is_stocked,
        w.position
    from wanted w
    on conflict (tenant, id) do update set
        sku = excluded.sku, barcode = excluded.barcode, title = excluded.title,
        options = excluded.options, weight_grams = excluded.weight_grams,
        is_stocked = excluded.is_stocked, position = excluded.position
        where v.product = $2
    returning id
)
select must(
    (select count(*) from put) = coalesce(cardinality($3::uuid[]), 0),
    'a variant is of another product'
)
