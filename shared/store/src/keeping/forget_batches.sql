delete from ingest_batch where created_at < $1
