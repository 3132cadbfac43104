insert into checkout_call (tenant, key, fingerprint, order_id, body, lease_until, expires_at)
values
    (1, 'sample-done', '\xb27056c4bbe75722925b5dc1b57fa9684a0e2aa107e62c0befa5c794d4003237',
        '7a6e0000-0000-7000-8000-00000000000d', '{"status":"open"}',
        '2026-11-21T06:00:00Z', '2026-11-22T06:00:00Z'),
    (1, 'sample-open', '\xb27056c4bbe75722925b5dc1b57fa9684a0e2aa107e62c0befa5c794d4003237',
        '7a6e0000-0000-7000-8000-00000000000d', null,
        '2026-11-21T07:00:20Z', '2026-11-22T07:00:00Z')
