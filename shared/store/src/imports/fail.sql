update import
set status = 'failed', problem = $4, changed_at = $5
where tenant = $1 and id = $2 and run = $3 and status in ('checking', 'running', 'undoing')
