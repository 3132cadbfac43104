select exists (select from point_head where day = $1)
