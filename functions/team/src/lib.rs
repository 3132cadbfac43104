//! Who belongs to a tenant: invited, let in, given another role, removed; and who changed what.
//!
//! - Trigger: HTTP `/v1/team`, `/v1/audit`.
//! - Reads: members, invitations, the audit log.
//! - Writes: the same, each change with its entry in the log.
//! - Emits: to the queue `mail` that an invitation is to be written, before it is kept.
//! - On failure: each change is one transaction; an invitation whose letter was lost is made again.

use app::{Function, Role, Trigger, Uses};
use domain::message::QueueName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Who did what.
mod audit;
/// Asking people in.
mod invitations;
/// Who is in.
mod members;
/// What is sent, and what is answered.
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "team",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(members::list))
                .routes(routes!(members::change, members::remove))
                .routes(routes!(members::leave))
                .routes(routes!(members::transfer))
                .routes(routes!(invitations::list, invitations::invite))
                .routes(routes!(invitations::withdraw))
                .routes(routes!(invitations::accept))
                .routes(routes!(audit::list)),
        ),
        uses: Uses {
            postgres: Some(Role::App),
            key_value: true,
            sends: &[QueueName::Mail],
            ..Uses::default()
        },
    }
}
