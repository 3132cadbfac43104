with used as (
    update person
    set factor_step = coalesce($3, factor_step),
        factor_recovered = factor_recovered | coalesce($4, 0),
        factor_confirmed_at = coalesce(factor_confirmed_at, $5)
    where person = $1 and factor = $2
      and (factor_step < $3 or factor_recovered & $4 = 0)
    returning person
)
select must(exists (select from used), 'a code of a second factor is used once')
