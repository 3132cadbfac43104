select number, issued_at from invoice where tenant = $1 and order_id = $2
