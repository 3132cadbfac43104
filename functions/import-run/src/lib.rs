//! Reads uploaded files and writes their points, or removes them again.
//!
//! - Trigger: queue `imports`, in order for each tenant.
//! - Reads: imports, uploads (object store), tenants, metrics, series.
//! - Writes: points and rollups, refused lines, metrics, how far an import is.
//! - Emits: `imports` messages to itself, when its time runs out.
//! - On failure: a chunk of lines, its refused lines and the line the import stands at share a
//!   transaction that insists on where the import stood, so no line is written twice, however
//!   often a message is delivered or how many work on it. The next delivery reads the file from
//!   its start, without writing what is written. What the file itself is to blame for ends the
//!   import as `failed`, with the reason.

use app::port::MAX_ATTEMPTS;
use app::{App, Delivery, Failure, Function, Role, Trigger, Uses};
use domain::import::{GIVEN_UP, Status};
use domain::message::{ImportMessage, QueueName};
use store::{access, imports};

use crate::fault::Fault;
use crate::work::Work;

mod fault;
mod source;
mod upload;
mod work;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "import-run",
        trigger: Trigger::queue(QueueName::Imports, proceed),
        uses: Uses {
            postgres: Some(Role::App),
            sends: &[QueueName::Imports],
            objects: true,
            ..Uses::default()
        },
    }
}

async fn proceed(app: App, delivery: Delivery) -> Result<(), Failure> {
    let ImportMessage::Proceed { tenant, import } =
        serde_json::from_str(&delivery.body).map_err(Failure::discard)?;
    tracing::Span::current().record("tenant", tenant.0);
    let tenant = access::tenant_by_number(&app.db, tenant)
        .await?
        .ok_or_else(|| Failure::discard("the tenant is gone"))?;
    let import = imports::find(&app.db, tenant.number, import)
        .await?
        .ok_or_else(|| Failure::discard("the import is gone"))?;
    let deadline = delivery.deadline;
    let work = Work { app: &app, tenant: &tenant, import: &import, deadline };
    let done = match import.status {
        Status::Checking => work.check().await,
        Status::Running => work.write().await,
        Status::Undoing => work.undo().await,
        // A message that was delivered again after its work.
        _ => Ok(()),
    };
    let Err(fault) = done else { return Ok(()) };
    let (problem, failure) = match fault.sentence() {
        Ok(problem) => (problem, None),
        Err(failure) if delivery.attempt < MAX_ATTEMPTS => return Err(failure),
        // Nobody tries again, so that its owner must be told and may.
        Err(failure) => (GIVEN_UP.to_owned(), Some(failure)),
    };
    let now = app.clock.now();
    imports::fail(&app.db, tenant.number, &import, &problem, now).await?;
    // The sentence may quote the file, and so name a customer: it is for the owner alone.
    tracing::info!(import = %import.id.0, "an import failed");
    failure.map_or(Ok(()), Err)
}
