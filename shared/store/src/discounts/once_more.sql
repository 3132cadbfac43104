select must(
    not exists (
        select
        from discount d
        where d.tenant = $1 and d.id = any ($2::uuid[]) and d.customer_limit < (
            select count(*)
            from redemption r
            where r.tenant = $1 and r.discount = d.id and r.customer = $3
                and r.given_back_at is null
        )
    ),
    'a discount is used up'
)
