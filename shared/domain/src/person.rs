use jiff::{SignedDuration, Timestamp};

/// What people choose to prove who they are, and what is refused as that.
mod password;
/// Where people are logged in, and for how long.
mod session;
/// Codes of an app, and codes for when it is lost.
mod totp;

pub use self::password::{Password, Weak};
pub use self::session::{Renewal, SessionKind};
pub use self::totp::{RECOVERY_CODES, matching_step, recovery_code};

/// Where somebody was logged in is kept for so long, whether or not they are still: none lives
/// longer.
pub const SESSIONS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Codes and invitations that are over.
pub const CODES_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Who never said that the address is theirs.
pub const UNVERIFIED_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What a letter allows its reader, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodePurpose {
    /// To show that an address is theirs.
    Verify,
    /// To choose another password.
    Reset,
    /// To be reached at another address.
    Email,
    /// Nothing: somebody registered an address that has an account already.
    Known,
}

impl CodePurpose {
    const ALL: [Self; 4] = [Self::Verify, Self::Reset, Self::Email, Self::Known];

    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Email => "email",
            Self::Known => "known",
        }
    }

    /// By its stored form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }

    /// How long such a code is good. A password is chosen at once, or asked for again
    /// (OWASP, Forgot Password).
    #[must_use]
    pub fn lifetime(self) -> SignedDuration {
        match self {
            Self::Verify | Self::Email | Self::Known => SignedDuration::from_hours(24),
            Self::Reset => SignedDuration::from_mins(30),
        }
    }
}

/// A code of a letter, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// What it allows.
    pub purpose: CodePurpose,
    /// From then on it is refused.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

impl Code {
    /// Whether it allows this now.
    #[must_use]
    pub fn allows(&self, purpose: CodePurpose, now: Timestamp) -> bool {
        self.purpose == purpose && self.used_at.is_none() && now < self.expires_at
    }
}
