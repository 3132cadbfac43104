use domain::access::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    pub(crate) fn role(&self) -> Role {
        match self.role {
            WantedRole::Viewer => Role::Viewer,
            WantedRole::Editor => Role::Editor,
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
