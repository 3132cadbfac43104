insert into import (tenant, id, mapping, file_name, object_path, status, run, latest, created_at,
    changed_at)
values ($1, $2, $3, $4, $5, 'waiting', $2, $6, $6, $6)
