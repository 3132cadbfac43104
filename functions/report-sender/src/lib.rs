//! Sends one letter of a report.
//!
//! - Trigger: queue `reports`.
//! - Reads: the delivery, its report, figures, forecasts.
//! - Writes: where the delivery stands.
//! - Emits: a letter, to the mail server.
//! - On failure: until the hand-over another delivery of the message takes over. From the
//!   hand-over on, which one worker wins, the letter is never sent again, whatever happens: what
//!   nobody knows is `unknown`. Only a mail server that surely did not take it is tried again,
//!   five times over six hours; then the delivery has failed.

use std::time::Duration;

use app::port::{Letter, MAX_ATTEMPTS, MailError};
use app::trace::chain;
use app::unsubscribe::Keys;
use app::{App, Delivery, Failure, Function, Role, Trigger, Uses, step};
use domain::id::{DeliveryId, TenantNumber};
use domain::message::{QueueName, ReportMessage};
use domain::report::DeliveryState;
use store::reports::deliveries::{self, Claimed};

use crate::material::Material;

mod figures;
/// The letter: figures in, words and a picture out. Pure.
pub mod letter;
mod material;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "report-sender",
        trigger: Trigger::queue(QueueName::Reports, send_report),
        uses: Uses { postgres: Some(Role::App), mailer: true, ..Uses::default() },
    }
}

/// Why a letter did not leave. What the mail server said may name the recipient: it is told to
/// the owner of the report and kept out of our log.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error("another worker holds the delivery")]
    Elsewhere,
    #[error("the mail server did not take the letter yet")]
    NotYet,
    #[error("the mail server did not take the letter, and it is not tried again")]
    GivenUp,
}

/// After how many minutes a letter is tried again that the mail server did not take: five tries
/// over six hours.
const TRIED_AGAIN_MINUTES: [u64; MAX_ATTEMPTS as usize - 1] = [5, 25, 90, 240];
/// What went wrong is told up to this length.
const DETAIL_CHARS: usize = 500;

async fn send_report(app: App, delivery: Delivery) -> Result<(), Failure> {
    let message = serde_json::from_str(&delivery.body).map_err(Failure::discard)?;
    let ReportMessage::Send { tenant, delivery: id } = message;
    tracing::Span::current().record("tenant", tenant.0);
    let claimed = deliveries::claim(&app.db, tenant, id, app.clock.now()).await?;
    // Sent before, of unknown fate, or its report is gone.
    let Some(claimed) = claimed else { return Ok(()) };
    step::reached("report.claimed");
    let letter = match compose(&app, tenant, id, &claimed).await {
        Ok(letter) => letter,
        Err(failure) if delivery.attempt < MAX_ATTEMPTS => return Err(failure),
        // Nobody tries again, so that its owner must be told.
        Err(failure) => {
            let told = (DeliveryState::Failed, Some("the letter could not be written"));
            let (from, now) = ([DeliveryState::Claimed], app.clock.now());
            deliveries::settle(&app.db, (tenant, id), &from, told, now).await?;
            return Err(Failure::discard(failure));
        }
    };
    step::reached("report.rendered");
    let now = app.clock.now();
    match deliveries::hand_over(&app.db, tenant, id, claimed.report, now).await? {
        Some(DeliveryState::HandedOver) => {}
        Some(_unsubscribed) => return Ok(()),
        None => return Err(Failure::retry(NotSent::Elsewhere)),
    }
    step::reached("report.handed_over");
    let answer = app.mailer.send(&letter).await;
    if answer.is_ok() {
        step::reached("report.accepted");
    }
    settle(&app, (tenant, id), answer, delivery.attempt).await?;
    step::reached("report.marked");
    Ok(())
}

/// Reads the figures and writes the letter.
async fn compose(
    app: &App,
    tenant: TenantNumber,
    id: DeliveryId,
    claimed: &Claimed,
) -> Result<Letter, Failure> {
    let material = Material::read(app, tenant, claimed).await?;
    let public_url = &app.config.public_url;
    let unsubscribe_url = if claimed.test {
        String::new()
    } else {
        let keys = Keys::parse(&app.config.unsubscribe_keys).map_err(Failure::retry)?;
        let token = keys.sign(tenant, claimed.report, &claimed.recipient);
        format!("{public_url}/v1/unsubscribe/{token}")
    };
    let figures = figures::of(&material, claimed, unsubscribe_url);
    let to = claimed.recipient.as_str();
    let mut letter = letter::write(&figures, to, &id.to_string()).map_err(Failure::retry)?;
    if claimed.test {
        letter.subject.insert_str(0, "Test: ");
    }
    Ok(letter)
}

/// Notes what the mail server answered. A worker that found the delivery handed over may have
/// called it unknown meanwhile: we know better.
async fn settle(
    app: &App,
    delivery: (TenantNumber, DeliveryId),
    answer: Result<(), MailError>,
    attempt: u32,
) -> Result<(), Failure> {
    use DeliveryState as State;
    let now = app.clock.now();
    let detail = answer.as_ref().err().map(|error| {
        chain(error).chars().filter(|it| !it.is_control()).take(DETAIL_CHARS).collect::<String>()
    });
    let note = async |from: &[State], to: State| {
        deliveries::settle(&app.db, delivery, from, (to, detail.as_deref()), now).await
    };
    let ours = [State::HandedOver, State::Unknown];
    match answer {
        Ok(()) => note(&ours, State::Accepted).await?,
        Err(MailError::Refused(_)) => note(&ours, State::Failed).await?,
        Err(MailError::Unknown(_)) => note(&ours, State::Unknown).await?,
        Err(MailError::NotAccepted(_)) => {
            let next = TRIED_AGAIN_MINUTES.get(attempt.saturating_sub(1) as usize);
            if let Some(minutes) = next
                && note(&[State::HandedOver], State::Planned).await?
            {
                let after = Duration::from_secs(minutes * 60);
                return Err(Failure::later(after, NotSent::NotYet));
            }
            // The last try; or whoever called it unknown has acknowledged the message.
            note(&ours, State::Failed).await?;
            return Err(Failure::discard(NotSent::GivenUp));
        }
    };
    Ok(())
}
