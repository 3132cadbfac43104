use std::slice;

use domain::question::{Filter, Test};

/// A filter as an SQL/JSON path over the tags: so it is a parameter like any other.
fn path(filter: &Filter) -> String {
    match filter {
        Filter::And(parts) => joined(parts, " && "),
        Filter::Or(parts) => joined(parts, " || "),
        Filter::Tag { key, test } => {
            let tag = format!("$.{}", quoted(key));
            let any = |values: &[String]| {
                let tests = values.iter().map(|value| format!("{tag} == {}", quoted(value)));
                tests.collect::<Vec<_>>().join(" || ")
            };
            match test {
                Test::Eq(value) => format!("({tag} == {})", quoted(value)),
                Test::Ne(value) => format!("(!({tag} == {}))", quoted(value)),
                Test::In(values) => format!("({})", any(values)),
                Test::NotIn(values) => format!("(!({}))", any(values)),
                Test::Contains(text) => format!("({tag} like_regex {} flag \"q\")", quoted(text)),
                Test::Exists(true) => format!("(exists({tag}))"),
                Test::Exists(false) => format!("(!exists({tag}))"),
            }
        }
    }
}

/// What is left of a filter when [`certain`] has been tested.
pub(super) fn rest(filter: &Filter) -> Option<String> {
    let told = matches!(filter, Filter::Tag { test: Test::Eq(_) | Test::In(_), .. });
    (!told).then(|| path(filter))
}

/// A tag and values of which every series has one that passes: an index knows those.
pub(super) fn certain(filter: &Filter) -> Option<(&str, &[String])> {
    match filter {
        Filter::Tag { key, test: Test::Eq(value) } => Some((key, slice::from_ref(value))),
        Filter::Tag { key, test: Test::In(values) } => Some((key, values)),
        Filter::And(parts) => parts.iter().find_map(certain),
        Filter::Or(_) | Filter::Tag { .. } => None,
    }
}

fn joined(parts: &[Filter], by: &str) -> String {
    format!("({})", parts.iter().map(path).collect::<Vec<_>>().join(by))
}

/// Strings of a path are written as in JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
