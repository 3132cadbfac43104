with discounts as (
    insert into discount (tenant, id, code, rule, redemptions_limit, redeemed)
    values
        (1, '7a6e0000-0000-7000-8000-000000000381', 'WELCOME',
            '{"id": "7a6e0000-0000-7000-8000-000000000381", "code": "WELCOME", "name": "Welcome",
              "effect": {"amount": {"amount_minor": 500, "currency": "EUR"}}, "target": "all",
              "conditions": {"currency": "EUR"}, "limits": {"redemptions": 10}}', 10, 1),
        (1, '7a6e0000-0000-7000-8000-000000000382', null,
            '{"id": "7a6e0000-0000-7000-8000-000000000382", "code": null, "name": "Free delivery",
              "effect": "free_shipping", "target": "all"}', null, 0)
    returning tenant, id, code
)
insert into redemption (tenant, order_id, discount, customer, redeemed_at)
select tenant, '7a6e0000-0000-7000-8000-00000000000d', id, sha256('ann@customer.example'),
    '2026-11-20T12:00:00Z'
from discounts
where code = 'WELCOME'
