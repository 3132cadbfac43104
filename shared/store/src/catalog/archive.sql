update product set state = 'archived', version = version + 1, updated_at = now()
where tenant = $1 and id = $2
returning version
