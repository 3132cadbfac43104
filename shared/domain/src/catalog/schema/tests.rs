use serde_json::{Value, json};

use super::Schema;

fn refusal(schema: &Value, attributes: &Value) -> Option<(String, String)> {
    let schema = Schema::parse(schema).unwrap();
    let attributes = attributes.as_object().unwrap();
    schema.check(attributes).err().map(|unsound| (unsound.field, unsound.fault))
}

/// Each with what fits, what does not, where, and a piece of what is said.
#[test]
fn what_does_not_fit_is_named_with_its_remedy() {
    let of = |rule: Value| json!({ "properties": { "a": rule } });
    for (rule, fits, does_not, place, words) in [
        (json!({ "type": "string" }), json!("x"), json!(1), "a", "it is a number; send string"),
        (json!({ "type": ["string", "null"] }), json!(null), json!([]), "a", "string or null"),
        (json!({ "type": "integer" }), json!(3.0), json!(3.5), "a", "send integer"),
        (json!({ "enum": ["S", "M", 1] }), json!(1.0), json!("L"), "a", "one of \"S\", \"M\", 1"),
        (json!({ "const": { "b": [1] } }), json!({ "b": [1.0] }), json!({}), "a", "one of"),
        (json!({ "enum": [1, 2], "const": 2 }), json!(2), json!(1), "a", "one of 2"),
        (json!({ "minimum": 1 }), json!(1), json!(0.5), "a", "at least 1"),
        (json!({ "exclusiveMinimum": 1 }), json!(1.5), json!(1), "a", "more than 1"),
        (json!({ "maximum": 9 }), json!(9.0), json!(10), "a", "at most 9"),
        (json!({ "exclusiveMaximum": 9 }), json!(8), json!(9), "a", "less than 9"),
        (json!({ "minLength": 2 }), json!("éé"), json!("é"), "a", "2 or more"),
        (json!({ "maxLength": 2 }), json!("éé"), json!("ééé"), "a", "0 to 2"),
        (json!({ "pattern": "^[A-Z]{2}$" }), json!("DE"), json!("de"), "a", "does not match"),
        (json!({ "items": { "type": "integer" } }), json!([1]), json!([1, "x"]), "a[1]", "integer"),
        (json!({ "minItems": 1 }), json!([1]), json!([]), "a", "1 or more"),
        (json!({ "maxItems": 1 }), json!([1]), json!([1, 2]), "a", "0 to 1"),
        (json!({ "uniqueItems": true }), json!([1, 2]), json!([1, 2, 1.0]), "a[2]", "twice"),
        (json!({ "required": ["b"] }), json!({ "b": null }), json!({}), "a.b", "missing"),
        (json!({ "additionalProperties": false }), json!({}), json!({ "b": 1 }), "a.b", "leave"),
        (json!(true), json!(1), json!(1), "", ""),
    ] {
        let schema = of(rule);
        assert_eq!(refusal(&schema, &json!({ "a": fits })), None, "{schema}");
        assert_eq!(refusal(&schema, &json!({})), None, "{schema}: what is absent is not required");
        if !place.is_empty() {
            let (field, fault) = refusal(&schema, &json!({ "a": does_not })).expect("a refusal");
            assert_eq!(field, format!("attributes.{place}"), "{schema}");
            assert!(fault.contains(words), "{schema}: {fault}");
        }
    }
}

#[test]
fn what_would_not_be_checked_is_refused() {
    for (schema, field) in [
        (json!({ "anyOf": [] }), "schema.anyOf"),
        (json!({ "properties": { "a": { "format": "uri" } } }), "schema.properties.a.format"),
        (json!({ "$ref": "#" }), "schema.$ref"),
        (json!({ "$schema": "http://json-schema.org/draft-07/schema#" }), "schema.$schema"),
        (json!({ "type": "text" }), "schema.type"),
        (json!({ "type": [] }), "schema.type"),
        (json!({ "minLength": -1 }), "schema.minLength"),
        (json!({ "minimum": "1" }), "schema.minimum"),
        (json!({ "required": [1] }), "schema.required"),
        (json!({ "pattern": "(?=x)" }), "schema.pattern"),
        (json!({ "pattern": "((x{200}){200}){200}" }), "schema.pattern"),
        (json!({ "items": [true] }), "schema.items"),
        (json!({ "uniqueItems": 1 }), "schema.uniqueItems"),
        (json!("object"), "schema"),
        (json!({ "title": "x".repeat(20_000) }), "schema"),
    ] {
        assert_eq!(Schema::parse(&schema).unwrap_err().field, field);
    }
    Schema::parse(&json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Shirts",
        "description": "", "$comment": "", "default": {}, "examples": [],
    }))
    .unwrap();
}

#[test]
fn large_whole_numbers_are_told_apart() {
    let schema = json!({ "properties": { "a": { "const": 9_007_199_254_740_993_u64 } } });
    assert!(refusal(&schema, &json!({ "a": 9_007_199_254_740_992_u64 })).is_some());
    assert!(refusal(&schema, &json!({ "a": 9_007_199_254_740_993_u64 })).is_none());
}
