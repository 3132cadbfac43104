select set_config('enable_nestloop', 'on', true)
