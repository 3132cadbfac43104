select rolname::text
from pg_roles
where pg_has_role(current_user, oid, 'member') and (rolsuper or rolbypassrls)
limit 1
