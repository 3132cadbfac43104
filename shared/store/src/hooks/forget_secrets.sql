delete from hook_secret where tenant = $1 and hook = $2 and valid_until <= $3
