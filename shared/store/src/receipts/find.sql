select part, outcome from ingest_batch where tenant = $1 and receipt = $2 order by part
