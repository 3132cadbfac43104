insert into ingest_batch (tenant, key, body_hash, receipt, part, outcome, created_at)
values ($1, $2, $3, $4, $5, $6, $7)
