/// One part of an HTML template, from `<!-- part NAME -->` to the next one, with its values:
/// `{{name}}` becomes the escaped value, `{{{name}}}` markup of ours as it is.
///
/// # Panics
/// When the template has no such part, or leaves a place open: templates are ours.
#[must_use]
pub fn part(template: &str, name: &str, values: &[(&str, &str)]) -> String {
    let part = template
        .split("<!-- part ")
        .filter_map(|part| part.split_once(" -->\n"))
        .find_map(|(found, part)| (found == name).then_some(part));
    fill(part.expect("our own templates name their parts"), escape, values)
}

/// A plain text with its values.
///
/// # Panics
/// When it leaves a place open: templates are ours.
#[must_use]
pub fn text(template: &str, values: &[(&str, &str)]) -> String {
    fill(template, str::to_owned, values)
}

fn fill(template: &str, escape: fn(&str) -> String, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (is_markup, after) = after.strip_prefix('{').map_or((false, after), |it| (true, it));
        let close = if is_markup { "}}}" } else { "}}" };
        let (name, after) = after.split_once(close).expect("our own templates are closed");
        let value = values.iter().find_map(|(key, value)| (*key == name).then_some(*value));
        debug_assert!(value.is_some(), "no value for {name}");
        filled.push_str(before);
        filled.push_str(&value.map_or_else(String::new, |value| {
            if is_markup { value.to_owned() } else { escape(value) }
        }));
        rest = after;
    }
    filled + rest
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
