select truncate_point_week($1)
