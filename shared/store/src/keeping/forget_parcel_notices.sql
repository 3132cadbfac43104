delete from parcel_notice where heard_at < $1
