select tenant, name from tenant order by tenant
