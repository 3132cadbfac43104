with announced as (insert into key_value (key, value) values ('due:sweep', ''))
insert into outbox (tenant, queue, group_key, dedupe, body)
values (1, 'imports', '1', 'left-behind', '{}')
