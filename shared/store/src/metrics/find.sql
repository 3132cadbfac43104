select id, name, kind, unit, aggregation, gap, direction, finest, label, draft
from metric
where tenant = $1 and name = any($2)
