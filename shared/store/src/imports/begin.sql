with begun as (
    update import
    set status = $5, run = $6, latest = $7, changed_at = $7, problem = null, object_tag = null,
        bytes_total = $8, bytes_done = 0, lines_done = 0, lines_undone = 0, tally = '{}',
        points_folded = 0, points_missing = 0
    where tenant = $1 and id = $2 and run = $3 and status = $4
    returning 1
)
select must(exists(select from begun), 'the import was begun by another')
