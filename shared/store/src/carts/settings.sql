select t.currency, coalesce(s.rounding, 'per_line'), coalesce(s.capture, 'automatic'),
    coalesce(s.payment_minutes, 60)
from tenant t
left join shop s on s.tenant = t.tenant
where t.tenant = $1
