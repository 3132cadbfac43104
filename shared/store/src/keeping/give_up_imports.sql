update import set status = 'failed', problem = $2, changed_at = $3
where status in ('checking', 'running', 'undoing') and changed_at < $1
