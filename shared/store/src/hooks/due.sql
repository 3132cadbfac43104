select tenant, id from hook_delivery
where next_try_at <= $1 and id > $2
order by id
limit $3
