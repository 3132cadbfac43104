select version from order_follower where tenant = $1 and order_id = $2 and follower = $3
