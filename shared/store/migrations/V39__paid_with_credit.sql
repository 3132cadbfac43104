-- The gift card or store credit that is to pay for a cart.
alter table cart add column credit uuid;

-- What credit pays of an order: the rest is asked of a provider.
alter table orders add column spent_minor bigint not null default 0;
