select count(*) from job_dead where queue = $1
