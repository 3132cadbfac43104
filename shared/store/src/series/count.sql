select metric, count(*) from series where tenant = $1 and metric = any($2) group by metric
