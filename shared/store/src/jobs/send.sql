with fresh as (
    insert into job_sent (queue, dedupe, until)
    select $1, $4::text, clock_timestamp() + interval '5 minutes'
    where $4::text is not null
    on conflict (queue, dedupe) do update set until = excluded.until
    where job_sent.until <= clock_timestamp()
    returning dedupe
)
insert into job (queue, group_key, visible_at, body, trace)
select $1, $3, clock_timestamp() + $5 * interval '1 millisecond', $2, $6
where $4::text is null or exists (select from fresh)
