update parcel_notice set detail = null where tenant = $1 and order_id = $2
