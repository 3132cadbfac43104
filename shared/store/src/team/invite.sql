insert into invitation (tenant, invitation, email, role, invited_by, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
