update hook_secret set valid_until = $3 where tenant = $1 and hook = $2 and valid_until is null
