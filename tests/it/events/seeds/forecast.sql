insert into forecast (tenant, id, metric, origin, made_at, model, horizon_days, body)
select 1, gen_random_uuid(), m.id, f.origin, f.origin + time '02:30' at time zone 'UTC',
    f.body ->> 'model', 35, f.body
from (values
    ('revenue', date '2026-11-20', jsonb '{
        "status": "refused", "reason": "too little data"
    }'),
    ('revenue', date '2026-11-21', jsonb '{
        "status": "ready", "model": "Theta", "seasons": [7],
        "known_days": 70, "fallback": null, "error": {
            "mase": 0.8, "wape": 0.06, "mae": 800.5, "bias": -12.25,
            "origins": 4, "steps": 140
        },
        "days": [{ "date": "2026-11-21", "value": 12500.5, "intervals": [
            { "level": 0.8, "lower": 11000, "upper": 14000 },
            { "level": 0.95, "lower": 10000, "upper": 15000 }
        ] }],
        "candidates": [{
            "model": "MSTL with an ETS trend", "error": null,
            "left_out": "it needs 14 days to be fitted, and there are 9"
        }]
    }')
) as f(metric, origin, body)
join metric m on m.name = f.metric
