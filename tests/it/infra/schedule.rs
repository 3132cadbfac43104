//! The grammar of EventBridge Scheduler's expressions, which no linter checks.

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A field of a cron expression: its name, its range and what its numbers are called.
struct Field {
    name: &'static str,
    range: (u32, u32),
    names: &'static [&'static str],
}

const FIELDS: [Field; 6] = [
    Field { name: "minute", range: (0, 59), names: &[] },
    Field { name: "hour", range: (0, 23), names: &[] },
    Field { name: "day of month", range: (1, 31), names: &[] },
    Field { name: "month", range: (1, 12), names: &MONTHS },
    Field { name: "day of week", range: (1, 7), names: &DAYS },
    Field { name: "year", range: (1970, 2199), names: &[] },
];

/// Says what is wrong with `rate(…)` or `cron(…)`.
pub(crate) fn check(expression: &str) -> Result<(), String> {
    let inside = |name: &str| expression.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
    match (inside("rate"), inside("cron")) {
        (Some(rate), _) => check_rate(rate),
        (_, Some(cron)) => check_cron(cron),
        _ => Err(format!("{expression} is neither rate(…) nor cron(…)")),
    }
}

fn check_rate(rate: &str) -> Result<(), String> {
    let (value, unit) = rate.split_once(' ').ok_or(format!("rate({rate}) has no unit"))?;
    let value: u32 = value.parse().map_err(|error| format!("rate({rate}): {error}"))?;
    // Unlike EventBridge rules, the scheduler takes the plural with 1 too; we write English.
    let units = if value == 1 { ["minute", "hour", "day"] } else { ["minutes", "hours", "days"] };
    match value {
        0 => Err("a rate is at least 1".to_owned()),
        _ if units.contains(&unit) => Ok(()),
        _ => Err(format!("{value} {unit} is not a rate")),
    }
}

fn check_cron(cron: &str) -> Result<(), String> {
    let parts: Vec<&str> = cron.split(' ').collect();
    let Ok(parts) = <[&str; 6]>::try_from(parts) else {
        return Err(format!("cron({cron}) does not have 6 fields"));
    };
    for (field, part) in FIELDS.iter().zip(parts) {
        check_field(field, part).map_err(|problem| format!("{}: {problem}", field.name))?;
    }
    match [parts[2], parts[4]].iter().filter(|day| **day == "?").count() {
        1 => Ok(()),
        _ => Err("exactly one of day of month and day of week must be ?".to_owned()),
    }
}

fn check_field(field: &Field, part: &str) -> Result<(), String> {
    // L is the last one, W the nearest weekday, # the first to fifth of its kind in the month.
    match field.name {
        _ if part == "*" => return Ok(()),
        "day of month" | "day of week" if part == "?" => return Ok(()),
        "day of month" if part == "L" || part == "LW" => return Ok(()),
        "day of month" if part.ends_with('W') => {
            return number(field, part.trim_end_matches('W')).map(drop);
        }
        "day of week" if part.ends_with('L') => {
            return number(field, part.trim_end_matches('L')).map(drop);
        }
        "day of week" => {
            if let Some((day, nth)) = part.split_once('#') {
                number(field, day)?;
                let known = matches!(nth, "1" | "2" | "3" | "4" | "5");
                return if known { Ok(()) } else { Err(format!("no month has #{nth}")) };
            }
        }
        _ => {}
    }
    part.split(',').try_for_each(|item| check_item(field, item))
}

fn check_item(field: &Field, item: &str) -> Result<(), String> {
    let (span, step) = item.split_once('/').map_or((item, None), |(span, step)| (span, Some(step)));
    if let Some(step) = step {
        let within = step.parse::<u32>().is_ok_and(|step| 0 < step && step <= field.range.1);
        if !within {
            return Err(format!("{step} is not a step"));
        }
    }
    if span == "*" {
        return Ok(());
    }
    let Some((from, to)) = span.split_once('-') else {
        return number(field, span).map(drop);
    };
    let (from, to) = (number(field, from)?, number(field, to)?);
    if from <= to { Ok(()) } else { Err(format!("{span} runs backwards")) }
}

fn number(field: &Field, text: &str) -> Result<u32, String> {
    let named = field.names.iter().position(|name| *name == text);
    let value = match named {
        Some(index) => field.range.0 + u32::try_from(index).expect("at most twelve names"),
        None => text.parse().map_err(|error| format!("{text}: {error}"))?,
    };
    let (low, high) = field.range;
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(format!("{value} is not within {low} to {high}"))
    }
}

#[test]
fn schedules_are_read_as_the_scheduler_reads_them() {
    for right in [
        "rate(15 minutes)",
        "rate(1 day)",
        "cron(30 2 * * ? *)",
        "cron(0/15 8-17 ? * MON-FRI *)",
        "cron(0 9 L JAN,JUL ? 2026-2030)",
        "cron(0 9 15W * ? *)",
        "cron(0 9 ? * 6L *)",
        "cron(0 9 ? * MON#2 *)",
    ] {
        assert_eq!(check(right), Ok(()), "{right}");
    }
    for wrong in [
        "every(15 minutes)",
        "rate(15)",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(15 seconds)",
        "cron(30 25 * * ? *)",
        "cron(60 2 * * ? *)",
        "cron(30 2 * * * *)",
        "cron(30 2 ? * ? *)",
        "cron(30 2 * * ?)",
        "cron(30  2 * * ? *)",
        "cron(30 2 0 * ? *)",
        "cron(30 2 * 13 ? *)",
        "cron(30 2 ? * 8 *)",
        "cron(30 2 ? * FRI-MON *)",
        "cron(30 2 ? * MON#6 *)",
        "cron(? 2 * * ? *)",
        "cron(30 2 * * ? 1969)",
        "cron(30 2/0 * * ? *)",
    ] {
        assert!(check(wrong).is_err(), "{wrong}");
    }
}
