select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true)
