select r.name, t.name,
       array(
           select a.address from unnest(r.recipients) as a(address)
           union
           select d.recipient
           from occurrence o
           join delivery d on d.tenant = o.tenant and d.occurrence = o.id
           where o.tenant = $1 and o.report = $2
       )
from report r
join tenant t on t.tenant = r.tenant
where r.tenant = $1 and r.id = $2
