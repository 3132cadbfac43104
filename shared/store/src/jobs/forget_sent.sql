delete from job_sent where until <= clock_timestamp()
