with drawn as (
    insert into sequence_number as s (tenant, kind, last) values ($1, 'invoice', 1)
    on conflict (tenant, kind) do update set last = s.last + 1
    returning last
)
insert into invoice (tenant, number, order_id, issued_at)
select $1, last, $2, $3 from drawn
