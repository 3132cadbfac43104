select exists (select from point_head where at >= $1 and at < $2)
