use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::calendar::Zone;

/// Turns the times of a file into instants. Neighbors mostly show the same time, and looking up
/// the zone is the slowest step of a line, so the newest answer is kept.
#[derive(Debug)]
pub(crate) struct WallClock {
    zone: Zone,
    newest: String,
    instant: Option<Timestamp>,
}

impl WallClock {
    pub(crate) fn new(zone: Zone) -> Self {
        Self { zone, newest: String::new(), instant: None }
    }

    /// The instant of a text; none when it has no unambiguous reading from 1970 to 2099.
    pub(crate) fn instant(&mut self, text: &str) -> Option<Timestamp> {
        if self.newest != text {
            self.newest.clear();
            self.newest.push_str(text);
            self.instant = read(text, &self.zone);
        }
        self.instant
    }
}

fn read(text: &str, zone: &Zone) -> Option<Timestamp> {
    let (wall, rest) = wall(text)?;
    if !(1970..2100).contains(&wall.year()) {
        return None;
    }
    if rest.is_empty() {
        return Some(zone.instant(wall));
    }
    if !is_offset(rest) {
        return None;
    }
    text.parse().ok()
}

/// The date and time a text begins with, and what follows them.
fn wall(text: &str) -> Option<(DateTime, &str)> {
    const MINUTES: usize = "2010-12-01 08:26".len();
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (13, b':')];
    let separated = bytes.len() >= MINUTES
        && separators.iter().all(|&(place, byte)| bytes[place] == byte)
        && matches!(bytes[10], b' ' | b'T');
    if !separated {
        return None;
    }
    let year = i16::from(number(bytes, 0)?) * 100 + i16::from(number(bytes, 2)?);
    let (month, day) = (number(bytes, 5)?, number(bytes, 8)?);
    let (hour, minute) = (number(bytes, 11)?, number(bytes, 14)?);
    let (second, nanosecond, end) = match bytes.get(MINUTES) {
        Some(b':') => {
            let (nanosecond, end) = fraction(bytes, MINUTES + 3)?;
            (number(bytes, MINUTES + 1)?, nanosecond, end)
        }
        _ => (0, 0, MINUTES),
    };
    let wall = DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
    Some((wall, text.get(end..)?))
}

/// The two digits at a place.
fn number(bytes: &[u8], place: usize) -> Option<i8> {
    match bytes.get(place..place + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(((tens - b'0') * 10 + (ones - b'0')).cast_signed())
        }
        _ => None,
    }
}

/// Nanoseconds of a fraction of up to nine digits at a place, where there is one, and its end.
fn fraction(bytes: &[u8], place: usize) -> Option<(i32, usize)> {
    if bytes.get(place) != Some(&b'.') {
        return Some((0, place));
    }
    let digits = bytes[place + 1..].iter().take_while(|byte| byte.is_ascii_digit());
    let (value, count) = digits.take(10).fold((0_i64, 0_u32), |(value, count), byte| {
        (value * 10 + i64::from(byte - b'0'), count + 1)
    });
    let nanoseconds = value * 10_i64.pow(9_u32.checked_sub(count)?);
    let end = place + 1 + usize::try_from(count).ok()?;
    (count > 0).then_some((i32::try_from(nanoseconds).ok()?, end))
}

/// `Z`, `+01:00` or `+0100`.
fn is_offset(text: &str) -> bool {
    match text.as_bytes() {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', rest @ ..] => {
            let digits = rest.iter().filter(|byte| byte.is_ascii_digit()).count();
            digits == 4 && (rest.len() == 4 || rest.len() == 5 && rest[2] == b':')
        }
        _ => false,
    }
}
