select line, code, detail
from import_error
where tenant = $1 and import = $2 and line > $3
order by line
limit $4
