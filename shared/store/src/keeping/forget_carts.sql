-- One that became an order is how its customer sees what became of it.
delete from cart where state <> 'ordered' and expires_at < $1
