with changed as (
    update cart_line set quantity = $4 where tenant = $1 and cart = $2 and id = $3 and $4 > 0
    returning id
), removed as (
    delete from cart_line where tenant = $1 and cart = $2 and id = $3 and $4 = 0
    returning id
)
select must(
    exists (select from changed) or exists (select from removed), 'the cart has no such line'
)
