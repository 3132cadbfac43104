-- Rows that were taken stand in the index until somebody has passed them in its order, which a
-- bitmap never does.
select set_config('enable_bitmapscan', 'off', true)
