use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Who did what to a tenant, as it is written down once and for ever.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Who: `person:`, `key:` and the id, or `local`.
    pub actor: String,
    /// What: `team.invited`.
    pub action: &'static str,
    /// To what: an id, or a name.
    pub subject: String,
    /// As it was.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub before: Value,
    /// As it is since.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub after: Value,
    /// From which address of the net.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl Entry {
    /// The text that is hashed and kept.
    ///
    /// # Panics
    /// Never: all of it can be written as JSON.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("texts and values always become JSON")
    }
}

/// An entry as it lies in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Which, from 1, without a gap.
    pub number: i64,
    /// When, to the microsecond.
    pub recorded_at: Timestamp,
    /// What [`Entry::text`] made.
    pub entry: String,
    /// Of this and all before.
    pub hash: [u8; 32],
}

/// Where a chain broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Numbers are missing, or stand twice.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// It is not what was written down.
    #[error("entry {0} is not what was written down, or one before it was taken out")]
    Changed(i64),
}

/// What stands before the first entry.
pub const BEGINNING: [u8; 32] = [0; 32];

/// The hash of an entry: SHA-256 over the hash before it, its number, its instant in microseconds
/// and its text, with line breaks between the three.
#[must_use]
pub fn hash(before: &[u8; 32], number: i64, recorded_at: Timestamp, entry: &str) -> [u8; 32] {
    let at = recorded_at.as_microsecond();
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(format!("{number}\n{at}\n{entry}"));
    hash.finalize().into()
}

/// Follows a chain through entries in their order, from the number and hash that it had before.
/// Answers the number and hash it has then.
///
/// # Errors
/// [`Broken`] names the first entry that does not fit.
pub fn follow(from: (i64, [u8; 32]), links: &[Link]) -> Result<(i64, [u8; 32]), Broken> {
    links.iter().try_fold(from, |(number, before), link| {
        if link.number != number + 1 {
            return Err(Broken::Missing(number + 1));
        }
        let hash = hash(&before, link.number, link.recorded_at, &link.entry);
        if hash == link.hash { Ok((link.number, hash)) } else { Err(Broken::Changed(link.number)) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<Link> {
        let mut before = BEGINNING;
        let link = |number: i64| {
            let at = Timestamp::from_microsecond(1_000_000 + number).unwrap();
            let entry = format!("{{\"action\":\"{number}\"}}");
            before = hash(&before, number, at, &entry);
            Link { number, recorded_at: at, entry, hash: before }
        };
        (1..=5).map(link).collect()
    }

    #[test]
    fn whatever_is_changed_breaks_the_chain_there() {
        let sound = chain();
        assert_eq!(follow((0, BEGINNING), &sound), Ok((5, sound[4].hash)));
        assert_eq!(follow((2, sound[1].hash), &sound[2..]), Ok((5, sound[4].hash)));
        let broken = |change: fn(&mut Vec<Link>)| {
            let mut links = chain();
            change(&mut links);
            follow((0, BEGINNING), &links).unwrap_err()
        };
        assert_eq!(broken(|it| it[2].entry.push(' ')), Broken::Changed(3));
        assert_eq!(broken(|it| it[2].recorded_at = it[1].recorded_at), Broken::Changed(3));
        assert_eq!(broken(|it| it[2].hash[0] ^= 1), Broken::Changed(3));
        assert_eq!(broken(|it| drop(it.remove(2))), Broken::Missing(3));
        assert_eq!(broken(|it| it.swap(1, 2)), Broken::Missing(2));
        let rewritten = |it: &mut Vec<Link>| {
            it.remove(2);
            it[2].number = 3;
        };
        assert_eq!(broken(rewritten), Broken::Changed(3));
    }
}
