select rolcanlogin from pg_roles where rolname = $1
