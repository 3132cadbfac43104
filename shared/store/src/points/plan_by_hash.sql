set local enable_nestloop = off
