use app::Problem;
use domain::access::Role;
use domain::audit::Link;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::team::{Invitation, Invited, Member};
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) fn role(text: &str) -> Result<Role, Problem> {
    Role::parse(text)
        .ok_or_else(|| Problem::invalid("role", "a role is `owner`, `admin`, `editor` or `viewer`"))
}

/// Who belongs to the tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct TeamOut {
    /// Who belongs to it longest first.
    pub(crate) members: Vec<MemberOut>,
}

/// A member.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberOut {
    person: Uuid,
    email: String,
    name: String,
    /// `owner`, `admin`, `editor` or `viewer`.
    role: &'static str,
    since: String,
    /// Whether they log in with a second factor.
    second_factor: bool,
}

impl From<Member> for MemberOut {
    fn from(it: Member) -> Self {
        Self {
            person: it.person.0,
            email: it.email,
            name: it.name,
            role: it.role.as_str(),
            since: it.since.to_string(),
            second_factor: it.has_factor,
        }
    }
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleIn {
    /// `owner`, `admin`, `editor` or `viewer`.
    pub(crate) role: String,
}

/// Who gets the tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferIn {
    /// A member.
    pub(crate) person: Uuid,
}

/// Who is asked in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationIn {
    /// Where a letter reaches them.
    pub(crate) email: String,
    /// `owner`, `admin`, `editor` or `viewer`.
    pub(crate) role: String,
}

/// Invitations.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationsOut {
    /// The oldest first.
    pub(crate) invitations: Vec<InvitationOut>,
}

/// An invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationOut {
    id: Uuid,
    email: String,
    role: &'static str,
    /// `person:` and the id, or `local`.
    invited_by: String,
    created_at: String,
    expires_at: String,
}

impl From<Invitation> for InvitationOut {
    fn from(it: Invitation) -> Self {
        Self {
            id: it.id.0,
            email: it.email,
            role: it.role.as_str(),
            invited_by: it.invited_by,
            created_at: it.created_at.to_string(),
            expires_at: it.expires_at.to_string(),
        }
    }
}

/// What a letter held.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptIn {
    /// From the letter.
    pub(crate) code: String,
}

/// Where you belong to now.
#[derive(Serialize, ToSchema)]
pub(crate) struct AcceptedOut {
    /// The tenant.
    tenant: Uuid,
    /// Its name.
    name: String,
    /// As what you were invited.
    role: &'static str,
}

impl From<Invited> for AcceptedOut {
    fn from(it: Invited) -> Self {
        Self { tenant: it.tenant.id.0, name: it.tenant.name, role: it.role.as_str() }
    }
}

/// Who changed what.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditOut {
    /// The newest first.
    pub(crate) entries: Vec<AuditEntryOut>,
    /// Send it as `before` for the next page; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<i64>,
}

/// One entry.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntryOut {
    /// From 1, without a gap.
    number: i64,
    recorded_at: String,
    /// `actor`, `action`, `subject`, `before`, `after` and `from`, as they were hashed.
    entry: Value,
    /// SHA-256 of the hash before (32 zero bytes before the first), then number, microseconds
    /// since 1970 and the text of the entry, each on a line of its own.
    hash: String,
    /// The text of the entry, letter by letter.
    text: String,
}

impl TryFrom<Link> for AuditEntryOut {
    type Error = serde_json::Error;

    fn try_from(it: Link) -> Result<Self, Self::Error> {
        Ok(Self {
            number: it.number,
            recorded_at: it.recorded_at.to_string(),
            entry: serde_json::from_str(&it.entry)?,
            hash: it.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            text: it.entry,
        })
    }
}
