use std::fmt;

use serde::{Deserialize, Serialize};

const LONGEST: usize = 64;

/// A discount code. Capitals and small letters are the same, so it is kept in capitals; it has no
/// letters beyond A to Z, whose capitals depend on the language.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(String);

/// The text is no discount code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a discount code has 1 to 64 of A-Z, 0-9, `-` and `_`")]
pub struct NotACode;

impl Code {
    /// Reads what a customer typed.
    ///
    /// # Errors
    /// When it has other characters, blanks among them, or is empty or too long.
    pub fn parse(text: &str) -> Result<Self, NotACode> {
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        match text.len() {
            1..=LONGEST if text.bytes().all(sound) => Ok(Self(text.to_ascii_uppercase())),
            _ => Err(NotACode),
        }
    }

    /// In capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Code {
    type Error = NotACode;

    fn try_from(text: String) -> Result<Self, NotACode> {
        Self::parse(&text)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0
    }
}
