select min(next_due_at) from report where next_due_at is not null
