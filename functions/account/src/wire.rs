use app::caller::Person as Caller;
use domain::access::Scope;
use domain::id::SessionId;
use serde::{Deserialize, Serialize};
use store::people::{Membership, Person};
use store::sessions::Listed;
use utoipa::ToSchema;
use uuid::Uuid;

/// What the token shall be good for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenIn {
    /// `viewer` reads; `editor` does what the key may do. `viewer` unless given.
    #[serde(default)]
    role: WantedRole,
}

#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WantedRole {
    #[default]
    Viewer,
    Editor,
}

impl TokenIn {
    /// Whether the token may have a scope that its key has.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        match self.role {
            WantedRole::Viewer => scope.is_reading(),
            WantedRole::Editor => true,
        }
    }
}

/// An access token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenOut {
    /// Send it as `Authorization: Bearer`.
    pub(crate) access_token: String,
    /// Always `Bearer`.
    pub(crate) token_type: &'static str,
    /// Seconds until it is refused.
    pub(crate) expires_in_s: i64,
}

/// Who registers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegisterIn {
    /// Where a letter reaches you.
    pub(crate) email: String,
    /// 10 to 128 characters, and not among what is guessed first.
    pub(crate) password: String,
    /// As your team shall see you.
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// Whose password is forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotIn {
    /// As registered, whatever its capitals.
    pub(crate) email: String,
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetIn {
    /// From the letter.
    pub(crate) code: String,
    /// 10 to 128 characters, and not among what is guessed first.
    pub(crate) password: String,
}

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogInIn {
    /// As registered, whatever its capitals.
    pub(crate) email: String,
    /// The password.
    pub(crate) password: String,
    /// Of the second factor: the app's six digits, or a recovery code.
    #[serde(default)]
    pub(crate) code: Option<String>,
    /// A cookie in the place of tokens.
    #[serde(default)]
    pub(crate) browser: bool,
}

/// What renews a session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshIn {
    /// The newest.
    pub(crate) refresh_token: String,
}

/// Which tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChosenTenantIn {
    /// Its id, as `GET /v1/account` lists it.
    pub(crate) tenant: Uuid,
}

/// A session, and what is shown of it with the next calls.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct SessionTokensOut {
    /// Its id.
    pub(crate) session: Uuid,
    /// The tenant it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<Uuid>,
    /// Send it as `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_token: Option<String>,
    /// Always `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_type: Option<&'static str>,
    /// Seconds until the access token is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_in_s: Option<i64>,
    /// Gets the next tokens, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    /// Of a browser: send it as `Csrf-Token` with whatever changes something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) csrf_token: Option<String>,
}

/// Where you are logged in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionsOut {
    /// The newest first.
    pub(crate) sessions: Vec<SessionOut>,
}

/// One session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionOut {
    id: Uuid,
    /// `browser` or `client`.
    kind: &'static str,
    /// As it called itself.
    client: String,
    /// From where it came.
    address: String,
    created_at: String,
    /// When it was renewed or seen last.
    renewed_at: String,
    /// The one of this call.
    current: bool,
}

impl SessionOut {
    pub(crate) fn of(it: Listed, current: SessionId) -> Self {
        Self {
            id: it.session.0,
            kind: it.kind.as_str(),
            client: it.client,
            address: it.address,
            created_at: it.created_at.to_string(),
            renewed_at: it.renewed_at.to_string(),
            current: it.session == current,
        }
    }
}

/// The password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmIn {
    /// The password.
    pub(crate) password: String,
}

/// A code of an authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeIn {
    /// Six digits.
    pub(crate) code: String,
}

/// What removes a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveFactorIn {
    /// The password.
    pub(crate) password: String,
    /// The app's six digits, or a recovery code.
    #[serde(default)]
    pub(crate) code: Option<String>,
}

/// What an authenticator app needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct FactorOut {
    /// To type in.
    secret: String,
    /// To show as a QR code.
    uri: String,
}

impl FactorOut {
    pub(crate) fn of(secret: &[u8], email: &str) -> Self {
        let secret = base32(secret);
        let email = email.replace('%', "%25").replace('+', "%2B").replace('@', "%40");
        let uri = format!("otpauth://totp/Takings:{email}?secret={secret}&issuer=Takings");
        Self { secret, uri }
    }
}

/// As RFC 4648 has it, for whole groups of five bytes.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let group = |five: &[u8]| {
        let bits = five.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        (0..8).rev().map(move |place| char::from(ALPHABET[(bits >> (5 * place) & 31) as usize]))
    };
    bytes.chunks_exact(5).flat_map(group).collect()
}

/// Codes for when the app is lost.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryOut {
    /// Each is good once.
    pub(crate) recovery_codes: Vec<String>,
}

/// You.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountOut {
    id: Uuid,
    email: String,
    name: String,
    /// Whether a second factor is asked for.
    second_factor: bool,
    /// The tenant of this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<Uuid>,
    /// Those you belong to.
    tenants: Vec<MembershipOut>,
}

/// A tenant that you belong to.
#[derive(Serialize, ToSchema)]
pub(crate) struct MembershipOut {
    id: Uuid,
    name: String,
    currency: String,
    zone: String,
    /// `owner`, `admin`, `editor` or `viewer`.
    role: &'static str,
    since: String,
}

impl AccountOut {
    pub(crate) fn of(person: &Person, caller: &Caller, tenants: Vec<Membership>) -> Self {
        let membership = |it: Membership| MembershipOut {
            id: it.tenant.0,
            name: it.name,
            currency: it.currency,
            zone: it.zone,
            role: it.role.as_str(),
            since: it.since.to_string(),
        };
        Self {
            id: person.id.0,
            email: person.email.clone(),
            name: person.name.clone(),
            second_factor: person.factor.is_some_and(|factor| factor.confirmed_at.is_some()),
            tenant: caller.membership.as_ref().map(|(_, tenant)| tenant.id.0),
            tenants: tenants.into_iter().map(membership).collect(),
        }
    }
}

/// What changes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountPatchIn {
    /// As your team shall see you.
    pub(crate) name: String,
}

/// Another password, with the old one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePasswordIn {
    /// The old one.
    pub(crate) password: String,
    /// 10 to 128 characters, and not among what is guessed first.
    pub(crate) new_password: String,
}

/// Another address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeEmailIn {
    /// The new one.
    pub(crate) email: String,
    /// The password.
    pub(crate) password: String,
}

/// What deletes an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeleteAccountIn {
    /// The password.
    pub(crate) password: String,
    /// Of the second factor, if there is one.
    #[serde(default)]
    pub(crate) code: Option<String>,
}

/// Everything we keep of you.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountExportOut {
    #[serde(flatten)]
    pub(crate) account: AccountOut,
    /// When your address was shown to be yours.
    pub(crate) verified_at: Option<String>,
    /// Where you are logged in.
    pub(crate) sessions: Vec<SessionOut>,
}
