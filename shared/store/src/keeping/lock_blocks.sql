lock table point_block in share row exclusive mode
