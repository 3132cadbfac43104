select body_hash, outcome from ingest_batch where tenant = $1 and key = $2
