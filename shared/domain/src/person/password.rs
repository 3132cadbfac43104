/// What somebody chose as a password. It does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a text is no password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Guessed too soon (ASVS v5.0.0-6.2.1).
    #[error("a password has at least {} characters; a few words are a good one", Password::LEAST)]
    Short,
    /// Nobody types as much, and hashing costs by length (ASVS v5.0.0-6.2.9 wants 64 allowed).
    #[error("a password has at most {} characters", Password::MOST)]
    Long,
}

impl Password {
    /// Characters of the shortest.
    pub const LEAST: usize = 10;
    /// Characters of the longest.
    pub const MOST: usize = 128;

    /// Takes it as it is, blanks and all (ASVS v5.0.0-6.2.5, 6.2.8): only its length counts here.
    ///
    /// # Errors
    /// [`Weak`].
    pub fn parse(text: String) -> Result<Self, Weak> {
        match text.chars().count() {
            ..Self::LEAST => Err(Weak::Short),
            Self::LEAST..=Self::MOST => Ok(Self(text)),
            _ => Err(Weak::Long),
        }
    }

    /// The text, for whoever hashes it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
