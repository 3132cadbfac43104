use app::port::Outgoing;
use app::sealed::{self, Purpose};
use app::trace::TraceParent;
use app::{App, Problem};
use domain::id::{CodeId, PersonId};
use domain::message::{MailMessage, QueueName};
use domain::person::{Code, CodePurpose};
use domain::report::Address;
use store::people::{self, NewCode};
use uuid::Uuid;

/// A code that is new, with its letter on its way. Whoever writes the letter finds the code once
/// it is kept.
pub(crate) async fn code(
    app: &App,
    purpose: CodePurpose,
    email: Address,
) -> Result<NewCode, Problem> {
    let id = CodeId(Uuid::now_v7());
    let body = serde_json::to_string(&MailMessage::Code { code: id }).map_err(Problem::internal)?;
    let trace = TraceParent::current().map(|trace| trace.header());
    let message = Outgoing { body, trace, ..Outgoing::default() };
    app.queue.send(QueueName::Mail, &[message]).await?;
    Ok(NewCode { id, purpose, email, at: app.clock.now() })
}

/// Whose a code is, if it allows this now.
pub(crate) async fn opened(
    app: &App,
    text: &str,
    purposes: &[CodePurpose],
) -> Result<(PersonId, CodeId, Code, String), Problem> {
    let claim = sealed::open(app, Purpose::Code, text).map_err(Problem::internal)?;
    let id = claim.map(|(id, _)| CodeId(id)).ok_or_else(void)?;
    let (person, email, code) = people::code_by_id(&app.db, id).await?.ok_or_else(void)?;
    let now = app.clock.now();
    let allowed = purposes.iter().any(|purpose| code.allows(*purpose, now));
    if allowed { Ok((person, id, code, email)) } else { Err(void()) }
}

/// The same for what was never a code, was used, or is over: nobody learns which.
pub(crate) fn void() -> Problem {
    Problem::invalid("code", "it is no code of ours, was used, or is over; ask for another letter")
}
