-- The commit need not be on disk when it is answered: one that is must have found it there.
select set_config('synchronous_commit', 'off', true)
