use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Ours for each run, or the server's on the wire.
const NEVER_EQUAL: [&str; 3] = ["x-request-id", "date", "content-length"];
/// Told by the database's clock, or drawn by chance.
const NEVER_TWICE: [&str; 3] = ["created_at", "secret", "token"];
const UUID_LENGTH: usize = 36;

/// Headers by name, several of one name as one line.
pub(super) fn headers(pairs: impl Iterator<Item = (String, String)>) -> Value {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // What every answer has is looked at elsewhere.
    let is_guard = |name: &str, value: &str| {
        app::serve::GUARDS.iter().any(|(known, usual)| known == name && usual == value)
    };
    for (name, value) in pairs.filter(|(name, _)| !NEVER_EQUAL.contains(&name.as_str())) {
        if is_guard(&name, &value) {
            continue;
        }
        headers.entry(name).or_default().push(value);
    }
    headers.into_iter().map(|(name, values)| (name, json!(values.join(", ")))).collect()
}

/// A body as JSON, or as text, or in base64.
pub(super) fn body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    if let Ok(json) = serde_json::from_slice(bytes) {
        return json;
    }
    String::from_utf8(bytes.to_vec()).map_or_else(|_| json!(STANDARD.encode(bytes)), Value::String)
}

/// Numbers the UUIDs in the order of their appearance, and takes out what chance or the
/// database's clock has chosen.
pub(super) fn normal(mut value: Value) -> Value {
    normalize(&mut value, &mut Vec::new());
    value
}

fn normalize(value: &mut Value, seen: &mut Vec<String>) {
    match value {
        Value::String(text) => *text = unsigned(&numbered(text, seen)),
        Value::Array(items) => items.iter_mut().for_each(|item| normalize(item, seen)),
        Value::Object(fields) => {
            for (name, field) in fields {
                if NEVER_TWICE.contains(&name.as_str()) && field.is_string() {
                    *field = json!("…");
                }
                normalize(field, seen);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn numbered(text: &str, seen: &mut Vec<String>) -> String {
    let mut numbered = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let word = rest.get(..UUID_LENGTH).filter(|word| is_uuid(word));
        if let Some(word) = word {
            let known = seen.iter().position(|uuid| uuid == word);
            let number = known.unwrap_or_else(|| {
                seen.push(word.to_owned());
                seen.len() - 1
            });
            numbered.push_str(&format!("uuid-{}", number + 1));
            rest = &rest[UUID_LENGTH..];
        } else {
            numbered.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    numbered
}

fn is_uuid(word: &str) -> bool {
    word.bytes().enumerate().all(|(position, byte)| match position {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// An address signs the id in its path, which is another in each run.
fn unsigned(text: &str) -> String {
    let Some((before, after)) = text.split_once("signature=") else { return text.to_owned() };
    let end = after.find(|character: char| !character.is_ascii_alphanumeric());
    format!("{before}signature=…{}", end.map_or("", |end| &after[end..]))
}

#[test]
fn ids_are_numbered_by_their_first_appearance() {
    let (one, other) =
        ("019ab000-0000-7000-8000-000000000001", "019ab000-0000-7000-8000-000000000002");
    let value = json!([format!("a/{one}"), other, one, "not-one", { "created_at": "2026" }]);
    let expected = json!(["a/uuid-1", "uuid-2", "uuid-1", "not-one", { "created_at": "…" }]);
    assert_eq!(normal(value), expected);
}
