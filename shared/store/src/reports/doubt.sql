update delivery
set state = 'unknown', changed_at = $3,
    detail = 'its worker ended while it spoke to the mail server; it is not sent again'
where tenant = $1 and id = $2 and state = 'handed_over'
