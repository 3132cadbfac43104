//! Words in a drawing: their escape, their width and where they must be cut.

/// Escapes text for an element or a quoted attribute, and drops what XML forbids.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {}
            allowed => escaped.push(allowed),
        }
    }
    escaped
}

/// The width of a text in points, from above: the embedded face's widest letters by kind.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let em = |character: char| match character {
        '0'..='9' => 0.573,
        ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'i' | 'j' | 'l' | 'I' | 't' | 'f'
        | 'r' => 0.37,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '\u{2014}' => 0.9,
        'A'..='Z' | '\u{2212}' | '+' | '<' | '=' | '>' | '\u{2026}' => 0.77,
        '\0'..='\u{2e7f}' => 0.58,
        _ => 1.0,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// The text, cut to the width with an ellipsis.
pub(crate) fn fit(text: &str, size: f64, width_max: f64) -> String {
    if width(text, size) <= width_max {
        return text.to_owned();
    }
    let mut cut = String::new();
    for character in text.chars() {
        cut.push(character);
        if width(&cut, size) + width("\u{2026}", size) > width_max {
            cut.pop();
            break;
        }
    }
    cut.truncate(cut.trim_end().len());
    cut + "\u{2026}"
}
