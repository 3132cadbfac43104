select rounding, capture, payment_minutes, cart_days from shop where tenant = $1
