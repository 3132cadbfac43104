with ended as (
    update import
    set status = 'checked', bytes_done = $4, tally = $5, changed_at = $6
    where tenant = $1 and id = $2 and run = $3 and status = 'checking'
    returning 1
)
select must(exists(select from ended), 'the file was read by another')
