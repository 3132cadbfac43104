select id, mapping, file_name, object_path, status, run, latest, object_tag, bytes_total, bytes_done,
       lines_done, lines_undone, tally, problem, created_at, changed_at, points_folded,
       points_missing
from import
where tenant = $1 and id > $2
order by id
limit $3
