use serde_json::Value;

/// How often a call may ask Postgres in a process that has just started, so that it looks its key
/// up too, and where queues and records are tables of the same Postgres, so that sending asks too.
const MOST: u64 = 4;

/// Calls that may ask more often: what they write is announced before and sent after, or they make
/// what was not there.
const CEILINGS: &[(&str, &str, u64)] = &[
    ("POST", "/v1/account", 6),
    ("POST", "/v1/points", 9),
    ("POST", "/v1/quarantine/", 8),
    ("PUT", "/v1/metrics/", 7),
    ("POST", "/v1/imports/", 13),
    ("POST", "/v1/reports", 13),
    ("PUT", "/v1/reports/", 5),
    ("PUT", "/v1/product-types/", 6),
    ("POST", "/v1/stock/adjustments", 7),
    ("PATCH", "/v1/carts/", 6),
    ("POST", "/v1/carts/", 5),
    ("POST", "/v1/checkout", 4),
    ("POST", "/v1/gift-cards/", 6),
    ("POST", "/v1/orders/", 11),
    ("DELETE", "/v1/orders/", 11),
    ("POST", "/v1/hooks/", 6),
];

/// What is wrong with so many.
pub(super) fn too_many(event: &Value, round_trips: u64) -> Option<String> {
    let method = event["requestContext"]["http"]["method"].as_str()?;
    let path = event["rawPath"].as_str()?;
    let is_of = |(of, prefix, _): &&(&str, &str, u64)| *of == method && path.starts_with(prefix);
    let ceiling = CEILINGS.iter().find(is_of).map_or(MOST, |(_, _, ceiling)| *ceiling);
    (round_trips > ceiling)
        .then(|| format!("{method} {path} asks Postgres {round_trips} times, not {ceiling}"))
}
