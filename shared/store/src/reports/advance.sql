update report set next_due_at = $3 where tenant = $1 and id = $2
