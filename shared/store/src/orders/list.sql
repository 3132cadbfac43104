select o.id, o.number, o.status, o.payment_status, o.fulfillment_status, o.is_disputed,
    o.currency, o.total_minor, o.country, c.name, c.email, o.opened_at, o.placed_at
from orders o
left join contact c on c.tenant = $1 and c.id = o.contact
where o.tenant = $1
    and ($2::text is null or o.status = $2)
    and ($3::text is null or o.payment_status = $3)
    and ($4::text is null or o.fulfillment_status = $4)
    and ($5::bigint is null or o.number = $5)
    and ($6::text is null or lower(c.email) = lower($6))
    and ($7::timestamptz is null or (o.opened_at, o.id) < ($7, $8))
order by o.opened_at desc, o.id desc
limit $9
