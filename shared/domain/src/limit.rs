/// How often something may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What, among the limits.
    pub name: &'static str,
    /// So often,
    pub most: i64,
    /// within so many seconds, counted from midnight of 1970.
    pub within_s: i64,
}

const QUARTER_S: i64 = 900;
const HOUR_S: i64 = 3_600;

/// Log-ins of one account from one address. Whoever guesses is stopped, and the owner, who comes
/// from another address, is not.
pub const LOG_IN_OF_ACCOUNT_FROM: Limit =
    Limit { name: "log-in-of-from", most: 10, within_s: QUARTER_S };
/// Log-ins of one account from anywhere (ASVS v5.0.0-6.3.1).
pub const LOG_IN_OF_ACCOUNT: Limit = Limit { name: "log-in-of", most: 100, within_s: HOUR_S };
/// Log-ins of any account from one address.
pub const LOG_IN_FROM: Limit = Limit { name: "log-in-from", most: 100, within_s: QUARTER_S };
/// Registrations from one address.
pub const REGISTER_FROM: Limit = Limit { name: "register-from", most: 20, within_s: HOUR_S };
/// Letters to one address of mail, whoever asks for them.
pub const LETTERS_TO: Limit = Limit { name: "letters-to", most: 5, within_s: HOUR_S };
/// Letters that one address asks for.
pub const LETTERS_FROM: Limit = Limit { name: "letters-from", most: 20, within_s: HOUR_S };
/// Codes and passwords that a person who is logged in shows again.
pub const CONFIRM: Limit = Limit { name: "confirm", most: 20, within_s: QUARTER_S };
/// Invitations of a tenant.
pub const INVITATIONS: Limit = Limit { name: "invitations", most: 50, within_s: HOUR_S };
/// Tenants that a person opens.
pub const TENANTS: Limit = Limit { name: "tenants", most: 5, within_s: HOUR_S };
