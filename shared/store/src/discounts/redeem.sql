insert into redemption (tenant, order_id, discount, customer, redeemed_at)
select $1, $2, unnest($3::uuid[]), $4, $5
