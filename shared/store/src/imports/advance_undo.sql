with advanced as (
    update import
    set lines_undone = $5, changed_at = $6
    where tenant = $1 and id = $2 and run = $3 and status = 'undoing' and lines_undone = $4
    returning 1
)
select must(exists(select from advanced), 'the lines were removed by another')
