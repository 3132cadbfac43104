update payment_finding set settled_at = $3
where gateway = $1 and reference = $2 and settled_at is null
