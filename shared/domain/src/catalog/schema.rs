use std::cmp::Ordering::{self, Equal, Greater, Less};

use regex_lite::{Regex, RegexBuilder};
use serde_json::{Map, Number, Value};

use super::{Unsound, limit, require};

/// What the attributes of a product must be: JSON Schema (draft 2020-12), as far as it goes here.
///
/// A schema is `true`, `false` or an object of [`KEYWORDS`] and [`NOTES`]. One that says anything
/// else is refused: what is not understood would not be checked either. `pattern` is a regular
/// expression without look-around and back references, found anywhere in the text.
#[derive(Clone, Debug)]
pub struct Schema(Rule);

/// What is checked.
pub const KEYWORDS: [&str; 17] = [
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
];

/// What is kept for people.
pub const NOTES: [&str; 6] = ["$schema", "$comment", "title", "description", "default", "examples"];

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
const KINDS: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];
/// Bytes of a pattern once it is made ready, so that none takes long.
const PATTERN_BYTES: usize = 64 << 10;

#[derive(Clone, Debug)]
enum Rule {
    Any,
    Nothing,
    All(Box<Checks>),
}

#[derive(Clone, Debug, Default)]
struct Checks {
    kinds: Vec<&'static str>,
    one_of: Vec<Vec<Value>>,
    properties: Vec<(String, Rule)>,
    required: Vec<String>,
    others: Option<Rule>,
    items: Option<Rule>,
    items_count: Span,
    is_unique: bool,
    bounds: Vec<Bound>,
    length: Span,
    pattern: Option<Regex>,
}

/// So many at least, so many at most.
#[derive(Clone, Copy, Debug)]
struct Span(u64, u64);

/// Numbers are on this side of a limit, or also the limit itself.
#[derive(Clone, Debug)]
struct Bound {
    words: &'static str,
    sides: &'static [Ordering],
    limit: Number,
}

impl Default for Span {
    fn default() -> Self {
        Self(0, u64::MAX)
    }
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// The first fault, with the place that has it, such as `schema.properties.size.type`.
    pub fn parse(schema: &Value) -> Result<Self, Unsound> {
        let bytes = schema.to_string().len();
        require(bytes <= limit::ATTRIBUTES, "schema", || {
            format!("it has {bytes} bytes as JSON, and at most {} are kept", limit::ATTRIBUTES)
        })?;
        Rule::parse(schema, "schema").map(Self)
    }

    /// Checks the attributes of a product.
    ///
    /// # Errors
    /// The first fault, with the attribute that has it, such as `attributes.sizes[2]`.
    pub fn check(&self, attributes: &Map<String, Value>) -> Result<(), Unsound> {
        self.0.check(&Value::Object(attributes.clone()), "attributes")
    }
}

impl Rule {
    fn parse(schema: &Value, at: &str) -> Result<Self, Unsound> {
        let keywords = match schema {
            Value::Bool(true) => return Ok(Self::Any),
            Value::Bool(false) => return Ok(Self::Nothing),
            Value::Object(keywords) => keywords,
            _ => return refuse(at, "a schema is an object, `true` or `false`"),
        };
        let mut checks = Checks::default();
        for (keyword, value) in keywords {
            checks.take(keyword, value, &format!("{at}.{keyword}"))?;
        }
        Ok(Self::All(Box::new(checks)))
    }

    fn check(&self, value: &Value, at: &str) -> Result<(), Unsound> {
        match self {
            Self::Any => Ok(()),
            Self::Nothing => refuse(at, "its type has no such attribute; leave it out"),
            Self::All(checks) => checks.check(value, at),
        }
    }
}

impl Checks {
    fn take(&mut self, keyword: &str, value: &Value, at: &str) -> Result<(), Unsound> {
        match keyword {
            "type" => self.kinds = kinds(value, at)?,
            "enum" => self.one_of.push(list(value, at)?.clone()),
            "const" => self.one_of.push(vec![value.clone()]),
            "properties" => {
                let Value::Object(properties) = value else {
                    return refuse(at, "name each attribute with its schema");
                };
                for (name, schema) in properties {
                    let rule = Rule::parse(schema, &format!("{at}.{name}"))?;
                    self.properties.push((name.clone(), rule));
                }
            }
            "required" => {
                let names = list(value, at)?.iter().map(|name| name.as_str().map(str::to_owned));
                let names: Option<Vec<String>> = names.collect();
                self.required = names.ok_or_else(|| fault(at, "list names of attributes"))?;
            }
            "additionalProperties" => self.others = Some(Rule::parse(value, at)?),
            "items" => self.items = Some(Rule::parse(value, at)?),
            "minItems" => self.items_count.0 = count(value, at)?,
            "maxItems" => self.items_count.1 = count(value, at)?,
            "minLength" => self.length.0 = count(value, at)?,
            "maxLength" => self.length.1 = count(value, at)?,
            "uniqueItems" => {
                let yes = value.as_bool();
                self.is_unique = yes.ok_or_else(|| fault(at, "it is `true` or `false`"))?;
            }
            "minimum" => self.bound("at least", &[Greater, Equal], number(value, at)?),
            "maximum" => self.bound("at most", &[Less, Equal], number(value, at)?),
            "exclusiveMinimum" => self.bound("more than", &[Greater], number(value, at)?),
            "exclusiveMaximum" => self.bound("less than", &[Less], number(value, at)?),
            "pattern" => self.pattern = Some(pattern(value, at)?),
            "$schema" if value.as_str().map(|draft| draft.trim_end_matches('#')) != Some(DRAFT) => {
                return refuse(at, &format!("schemas are those of {DRAFT}"));
            }
            _ if NOTES.contains(&keyword) => {}
            _ => {
                let known = KEYWORDS.join("`, `");
                return refuse(at, &format!("`{keyword}` is not checked here; use `{known}`"));
            }
        }
        Ok(())
    }

    fn bound(&mut self, words: &'static str, sides: &'static [Ordering], limit: Number) {
        self.bounds.push(Bound { words, sides, limit });
    }

    fn check(&self, value: &Value, at: &str) -> Result<(), Unsound> {
        let fits = self.kinds.is_empty() || self.kinds.iter().any(|kind| is_of(value, kind));
        require(fits, at, || {
            format!("it is {}; send {}", name_of(value), self.kinds.join(" or "))
        })?;
        for allowed in &self.one_of {
            require(allowed.iter().any(|one| same(one, value)), at, || {
                let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
                format!("it is {value}; send one of {}", shortened(&allowed.join(", ")))
            })?;
        }
        match value {
            Value::Object(members) => self.check_members(members, at),
            Value::Array(items) => self.check_items(items, at),
            Value::Number(number) => self.check_number(number, at),
            Value::String(text) => self.check_text(text, at),
            Value::Null | Value::Bool(_) => Ok(()),
        }
    }

    fn check_members(&self, members: &Map<String, Value>, at: &str) -> Result<(), Unsound> {
        for name in &self.required {
            let place = format!("{at}.{name}");
            require(members.contains_key(name), &place, || "it is missing; send it".to_owned())?;
        }
        for (name, value) in members {
            let known = self.properties.iter().find(|(known, _)| known == name);
            let rule = known.map(|(_, rule)| rule).or(self.others.as_ref());
            rule.map_or(Ok(()), |rule| rule.check(value, &format!("{at}.{name}")))?;
        }
        Ok(())
    }

    fn check_items(&self, items: &[Value], at: &str) -> Result<(), Unsound> {
        self.items_count.check(items.len(), "items", at)?;
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}[{index}]");
            let is_new = !self.is_unique || !items[..index].iter().any(|other| same(other, item));
            require(is_new, &at, || format!("{item} stands twice; send it once"))?;
            self.items.as_ref().map_or(Ok(()), |rule| rule.check(item, &at))?;
        }
        Ok(())
    }

    fn check_number(&self, number: &Number, at: &str) -> Result<(), Unsound> {
        for Bound { words, sides, limit } in &self.bounds {
            let fits = sides.contains(&compared(number, limit));
            require(fits, at, || format!("it is {number}; send {words} {limit}"))?;
        }
        Ok(())
    }

    fn check_text(&self, text: &str, at: &str) -> Result<(), Unsound> {
        self.length.check(text.chars().count(), "characters", at)?;
        let Some(pattern) = &self.pattern else { return Ok(()) };
        require(pattern.is_match(text), at, || {
            format!("`{}` does not match `{}`; send what does", shortened(text), pattern.as_str())
        })
    }
}

impl Span {
    fn check(self, count: usize, of: &str, at: &str) -> Result<(), Unsound> {
        let Self(least, most) = self;
        let fits = u64::try_from(count).is_ok_and(|count| (least..=most).contains(&count));
        require(fits, at, || match most {
            u64::MAX => format!("it has {count} {of}; send {least} or more"),
            _ => format!("it has {count} {of}; send {least} to {most}"),
        })
    }
}

fn kinds(value: &Value, at: &str) -> Result<Vec<&'static str>, Unsound> {
    let named =
        if let Value::Array(kinds) = value { &kinds[..] } else { std::slice::from_ref(value) };
    let known = |name: &Value| KINDS.into_iter().find(|kind| name == kind);
    let kinds: Option<Vec<&'static str>> = named.iter().map(known).collect();
    let kinds = kinds.filter(|kinds| !kinds.is_empty());
    kinds.ok_or_else(|| fault(at, &format!("a type is one of `{}`", KINDS.join("`, `"))))
}

fn list<'a>(value: &'a Value, at: &str) -> Result<&'a Vec<Value>, Unsound> {
    value.as_array().ok_or_else(|| fault(at, "send a list"))
}

fn count(value: &Value, at: &str) -> Result<u64, Unsound> {
    value.as_u64().ok_or_else(|| fault(at, "send a whole number, 0 or more"))
}

fn number(value: &Value, at: &str) -> Result<Number, Unsound> {
    value.as_number().cloned().ok_or_else(|| fault(at, "send a number"))
}

fn pattern(value: &Value, at: &str) -> Result<Regex, Unsound> {
    let Some(text) = value.as_str() else { return refuse(at, "send a regular expression") };
    let ready = RegexBuilder::new(text).size_limit(PATTERN_BYTES).build();
    ready.map_err(|error| {
        fault(at, &format!("{error}; groups, classes, counts and anchors are understood"))
    })
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        // 3.0 is as whole as 3.
        _ => value.as_number().is_some_and(|number| {
            number.is_i64()
                || number.is_u64()
                || number.as_f64().is_some_and(|it| it.fract() == 0.0)
        }),
    }
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Whether two values are the same, where 1 and 1.0 are.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compared(one, other).is_eq(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let known = |(name, value)| other.get(name).is_some_and(|it| same(value, it));
            one.len() == other.len() && one.iter().all(known)
        }
        _ => one == other,
    }
}

/// Whole numbers to the last digit, others as floats.
fn compared(one: &Number, other: &Number) -> Ordering {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => {
            let float = |number: &Number| number.as_f64().unwrap_or_default();
            float(one).partial_cmp(&float(other)).unwrap_or(Equal)
        }
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn fault(at: &str, fault: &str) -> Unsound {
    Unsound { field: at.to_owned(), fault: fault.to_owned() }
}

fn refuse<T>(at: &str, what: &str) -> Result<T, Unsound> {
    Err(fault(at, what))
}

#[cfg(test)]
mod tests;
