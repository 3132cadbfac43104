with advanced as (
    update import
    set lines_done = $5, bytes_done = $6, tally = $7, object_tag = $8, changed_at = $9,
        points_folded = points_folded + $10
    where tenant = $1 and id = $2 and run = $3 and status = 'running' and lines_done = $4
      and coalesce(object_tag, $8) = $8
    returning 1
)
select must(exists(select from advanced), 'the lines were written by another')
