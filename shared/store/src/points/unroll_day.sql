delete from roll_day r
using (select unnest($2::int[]) as series, unnest($3::timestamptz[]) as bucket) b
where r.tenant = $1 and r.series = b.series and r.bucket = b.bucket
