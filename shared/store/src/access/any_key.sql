select exists (
    select from api_key k join tenant t on t.tenant = k.tenant where t.id = $1
)
