select id, cart, contact, number, version, status, payment_status, fulfillment_status, is_disputed,
    currency, country, channel, total_minor, captured_minor, refunding_minor, expires_at,
    operation_due_at, opened_at, placed_at, spent_minor
from orders
where tenant = $1 and id > $2 and id <= $3
