use serde_json::{Map, Value, json};

/// The path with an example for each of its parameters.
pub(crate) fn path(document: &Value, path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    let mut query = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        let value = match value(document, &parameter["schema"]) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), &value),
            "query" if parameter["required"] == true => query.push(format!("{name}={value}")),
            _ => {}
        }
    }
    assert!(!path.contains('{'), "{path} has a parameter that is not documented");
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

/// The type and an example of the body, where there is one.
pub(crate) fn body(document: &Value, operation: &Value) -> Option<(String, Value)> {
    let content = operation.pointer("/requestBody/content")?.as_object()?;
    let (kind, content) =
        content.iter().find(|(kind, _)| *kind == "application/json").or(content.iter().next())?;
    let example = content.get("example").cloned();
    Some((kind.clone(), example.unwrap_or_else(|| value(document, &content["schema"]))))
}

/// A value that the schema allows: its example, or the least there is.
fn value(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#'));
        return value(document, schema.unwrap_or_else(|| panic!("{reference} leads nowhere")));
    }
    if let Some(example) = schema.get("example").or(schema.pointer("/enum/0")) {
        return example.clone();
    }
    for of in ["oneOf", "anyOf"] {
        if let Some(first) = schema[of].as_array().and_then(|some| some.last()) {
            return value(document, first);
        }
    }
    if let Some(all) = schema["allOf"].as_array() {
        let parts = all.iter().map(|part| value(document, part));
        let fields = parts.filter_map(|part| part.as_object().cloned()).flatten();
        return Value::Object(fields.collect());
    }
    let kind = schema["type"].as_str().or(schema["type"][0].as_str()).unwrap_or("object");
    match (kind, schema["format"].as_str()) {
        ("string", Some("uuid")) => json!("7a6e0000-0000-7000-8000-0000000000ff"),
        ("string", Some("date-time")) => json!("2026-11-21T07:00:00Z"),
        ("string", Some("date")) => json!("2026-11-21"),
        ("string", _) => json!("a"),
        ("integer" | "number", _) => json!(schema["minimum"].as_i64().unwrap_or(1)),
        ("boolean", _) => json!(false),
        ("array", _) => json!([value(document, &schema["items"])]),
        _ => object(document, schema),
    }
}

fn object(document: &Value, schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten();
    let fields = required.filter_map(|name| {
        let name = name.as_str()?;
        Some((name.to_owned(), value(document, &schema["properties"][name])))
    });
    Value::Object(fields.collect::<Map<_, _>>())
}
