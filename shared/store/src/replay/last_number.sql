select coalesce(max(last), 0) from sequence_number where tenant = $1 and kind = 'order'
