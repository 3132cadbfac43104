select min(next_try_at) from hook_delivery where next_try_at is not null
