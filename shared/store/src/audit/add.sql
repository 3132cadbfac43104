select audit_add($1, $2, $3)
