update checkout_call set body = $3
where tenant = $1 and key = $2 and body is null
