//! People and their accounts: registering, proving an address, logging in, second factors, the
//! tenants they open; and access tokens.
//!
//! - Trigger: HTTP `/v1/account`, `/v1/sessions`, `/v1/tenants`, `/v1/tokens`,
//!   `GET /.well-known/jwks.json`.
//! - Reads: people, their sessions, codes and tenants; API keys (key-value records).
//! - Writes: the same; how often things were tried (key-value records).
//! - Emits: to the queue `mail` that a code is to be written to somebody, before it is kept:
//!   whoever writes it looks again later, and what was never kept is written to nobody.
//! - On failure: each change is one transaction; a letter that did not come is asked for again.

use app::{Function, Role, Trigger, Uses};
use domain::message::QueueName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The second factor.
mod factor;
/// Access tokens for API keys, and the keys that sign.
mod key_tokens;
/// Codes in letters.
mod letters;
/// What proves who somebody is.
mod password;
/// What people say of themselves.
mod profile;
/// Becoming somebody, and getting back in.
mod registering;
/// Logging in, staying in, logging out.
mod sessions;
/// Opening a business.
mod tenants;
/// What is sent, and what is answered.
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "account",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(
                    registering::register,
                    profile::get_account,
                    profile::patch_account
                ))
                .routes(routes!(registering::ask_to_verify, registering::verify))
                .routes(routes!(registering::forgot))
                .routes(routes!(registering::reset))
                .routes(routes!(profile::change_password))
                .routes(routes!(profile::change_email))
                .routes(routes!(profile::export))
                .routes(routes!(profile::delete))
                .routes(routes!(factor::begin))
                .routes(routes!(factor::confirm))
                .routes(routes!(factor::remove))
                .routes(routes!(sessions::log_in, sessions::list, sessions::log_out_everywhere))
                .routes(routes!(sessions::refresh))
                .routes(routes!(sessions::choose_tenant))
                .routes(routes!(sessions::log_out))
                .routes(routes!(tenants::open))
                .routes(routes!(key_tokens::post_token))
                .routes(routes!(key_tokens::get_key_set)),
        ),
        uses: Uses {
            postgres: Some(Role::App),
            key_value: true,
            sends: &[QueueName::Mail],
            ..Uses::default()
        },
    }
}
