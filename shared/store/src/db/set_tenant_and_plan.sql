-- Plans that do not look at the values: they are made once, and these are always right.
select set_config('app.tenant', $1, true), set_config('plan_cache_mode', 'force_generic_plan', true)
