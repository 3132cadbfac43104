with begun as (
    update import
    set status = 'undoing', run = $5, changed_at = $6, problem = null
    where tenant = $1 and id = $2 and run = $3 and status = $4
    returning 1
)
select must(exists(select from begun), 'the import was begun by another')
