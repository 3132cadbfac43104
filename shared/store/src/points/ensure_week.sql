select ensure_point_week($1)
