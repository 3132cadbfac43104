with gone as (
    delete from quarantine where tenant = $1 and id = $2 returning 1
)
select must((select count(*) from gone) = 1, 'the row is no longer in the quarantine')
