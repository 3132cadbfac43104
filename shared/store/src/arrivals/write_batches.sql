insert into ingest_batch (tenant, key, body_hash, receipt, part, outcome, created_at)
select $1, b.key, b.body_hash, b.receipt, b.part, b.outcome, b.created_at
from (
    select unnest($2::uuid[]) as key, unnest($3::uuid[]) as body_hash,
           unnest($4::uuid[]) as receipt, unnest($5::int[]) as part,
           unnest($6::text[]) as outcome, unnest($7::timestamptz[]) as created_at
) b
order by b.key
