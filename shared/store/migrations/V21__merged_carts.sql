-- The cart that took over what was in another.
alter table cart add column merged_into uuid;
alter table cart add constraint cart_merged check ((state = 'merged') = (merged_into is not null));
