insert into api_key
    (id, tenant, hash, hint, name, scopes, points_per_minute, expires_at, origins, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
