//! Writes to customers what became of their orders, and to people the codes they wait for.
//!
//! - Trigger: queue `mail`, in any order.
//! - Reads: orders from where it had read them, contacts; codes of people, invitations.
//! - Writes: where each letter stands; how far it has read.
//! - Emits: letters, to the mail server.
//! - On failure: until the hand-over another delivery of the nudge takes over. From the hand-over
//!   on, which one worker wins, a letter is never sent again, whatever happens: what nobody knows
//!   is `unknown`. Only a mail server that surely did not take it is tried again, five times over
//!   six hours; then the letter has failed. A letter with a code may come twice; one that never
//!   came is asked for again.

use std::time::Duration;

use app::port::{Letter, MAX_ATTEMPTS, MailError};
use app::trace::chain;
use app::unsubscribe::Keys;
use app::{App, Delivery, Failure, Function, Role, Trigger, Uses, order_link, step};
use domain::message::{MailMessage, QueueName};
use domain::order::{self, Owed};
use domain::report::DeliveryState as State;
use domain::tenant::Tenant;
use store::checkout::Contact;
use store::letters::{self, OrderLetter};
use store::{access, orders};

mod letter;
/// Letters with codes.
mod note;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "mail-sender",
        trigger: Trigger::queue(QueueName::Mail, write),
        uses: Uses { postgres: Some(Role::App), mailer: true, ..Uses::default() },
    }
}

/// Why a letter did not leave. What the mail server said may name the customer: it is kept with
/// the letter and out of our log.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error("nobody has kept yet what the letter is about")]
    NotKept,
    #[error("another worker holds the letter")]
    Elsewhere,
    #[error("the mail server did not take the letter yet")]
    NotYet,
}

/// After how many minutes a letter is tried again that the mail server did not take.
const TRIED_AGAIN_MINUTES: [u64; MAX_ATTEMPTS as usize - 1] = [5, 25, 90, 240];
/// What went wrong is kept up to this length.
const DETAIL_CHARS: usize = 500;

async fn write(app: App, delivery: Delivery) -> Result<(), Failure> {
    let message = serde_json::from_str(&delivery.body).map_err(Failure::discard)?;
    let (tenant, id) = match message {
        MailMessage::Order { tenant, order } => (tenant, order),
        MailMessage::Code { code } => return note::code(&app, code, delivery.attempt).await,
        MailMessage::Invited { invitation } => {
            return note::invitation(&app, invitation, delivery.attempt).await;
        }
    };
    tracing::Span::current().record("tenant", tenant.0);
    let followed = orders::follow(&app.db, tenant, QueueName::Mail, id).await?;
    let owed = order::letters(id, &followed.history, followed.read);
    let (Some(last), Some(shop)) =
        (followed.history.last(), access::tenant_by_number(&app.db, tenant).await?)
    else {
        return Ok(());
    };
    for owed in &owed {
        // Who was erased is written no more.
        if let Some(contact) = orders::contact(&app.db, tenant, owed.order.terms.contact).await? {
            Work { app: &app, shop: &shop, contact: &contact, owed }.send(delivery.attempt).await?;
        }
    }
    Ok(orders::followed(&app.db, tenant, QueueName::Mail, (id, last.version)).await?)
}

/// One letter.
struct Work<'a> {
    app: &'a App,
    shop: &'a Tenant,
    contact: &'a Contact,
    owed: &'a Owed,
}

impl Work<'_> {
    async fn send(&self, attempt: u32) -> Result<(), Failure> {
        let (db, now) = (&self.app.db, self.app.clock.now());
        let news = self.owed.news.as_str();
        match letters::claim(db, self.letter(), news, now).await? {
            State::Claimed => {}
            // Sent before, given up, or of unknown fate.
            _ => return Ok(()),
        }
        step::reached("mail.claimed");
        let letter = self.compose()?;
        if !self.note(&[State::Claimed], (State::HandedOver, None)).await? {
            return Err(Failure::retry(NotSent::Elsewhere));
        }
        step::reached("mail.handed_over");
        let answer = self.app.mailer.send(&letter).await;
        if answer.is_ok() {
            step::reached("mail.accepted");
        }
        self.settle(answer, attempt).await?;
        step::reached("mail.marked");
        Ok(())
    }

    fn letter(&self) -> OrderLetter {
        let Owed { version, order, .. } = self.owed;
        OrderLetter { tenant: self.shop.number, order: order.id, version: *version }
    }

    fn compose(&self) -> Result<Letter, Failure> {
        let keys = Keys::parse(&self.app.config.unsubscribe_keys).map_err(Failure::retry)?;
        let token = order_link::sign(&keys, self.shop.number, self.owed.order.id);
        let url = format!("{}/v1/order-status/{token}", self.app.config.public_url);
        Ok(letter::write(self.shop, self.contact, self.owed, &url))
    }

    async fn note(&self, from: &[State], to: (State, Option<&str>)) -> Result<bool, Failure> {
        let (db, now) = (&self.app.db, self.app.clock.now());
        Ok(letters::settle(db, self.letter(), from, to, now).await?)
    }

    /// Notes what the mail server answered. A worker that found the letter handed over may have
    /// called it unknown meanwhile: we know better.
    async fn settle(&self, answer: Result<(), MailError>, attempt: u32) -> Result<(), Failure> {
        let detail = answer.as_ref().err().map(|error| {
            let told = chain(error);
            told.chars().filter(|it| !it.is_control()).take(DETAIL_CHARS).collect::<String>()
        });
        let detail = detail.as_deref();
        let ours = [State::HandedOver, State::Unknown];
        match answer {
            Ok(()) => self.note(&ours, (State::Accepted, detail)).await?,
            Err(MailError::Refused(_)) => self.note(&ours, (State::Failed, detail)).await?,
            Err(MailError::Unknown(_)) => self.note(&ours, (State::Unknown, detail)).await?,
            Err(MailError::NotAccepted(_)) => {
                let next = TRIED_AGAIN_MINUTES.get(attempt.saturating_sub(1) as usize);
                if let Some(minutes) = next
                    && self.note(&[State::HandedOver], (State::Claimed, detail)).await?
                {
                    let after = Duration::from_secs(minutes * 60);
                    return Err(Failure::later(after, NotSent::NotYet));
                }
                self.note(&ours, (State::Failed, detail)).await?
            }
        };
        Ok(())
    }
}
