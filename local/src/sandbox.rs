//! A payment provider on this machine, for the demo, for trials and for tests. It speaks the part
//! of Stripe's HTTP that `providers::stripe` uses, keeps Stripe's promises about idempotency keys,
//! and brings signed webhooks, late, twice and out of order on request. No money moves.
//!
//! What it did stands in a journal, so that it goes on after a restart where it stopped, and on a
//! page, at `/sandbox`.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use app::Clock;
use axum::Router;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;

use self::book::{Book, Entry};
use self::delivery::Post;
use self::fault::Faults;
use self::journal::Journal;
use self::refusal::Refusal;
use self::work::Work;
use app::entropy;

pub use self::delivery::Webhook;
pub use self::fault::{Fault, FaultKind};

/// What is asked over HTTP.
mod api;
/// Everything that happened, folded.
mod book;
/// Cards for tests.
mod card;
/// Webhooks on their way.
mod delivery;
/// What tests and people ask of it beside Stripe's API.
mod desk;
/// Money that banks take back.
mod disputes;
/// What goes wrong on request.
mod fault;
/// Parameters.
mod form;
/// The file behind it.
mod journal;
/// Idempotency keys.
mod keys;
/// Lists, in parts.
mod list;
/// What it knows.
mod object;
/// What it shows.
mod page;
/// Payments.
mod payments;
/// Money that goes back.
mod refunds;
/// No, as Stripe says it.
mod refusal;
/// What one request does.
mod work;

/// A payment provider on this machine. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Parts>);

struct Parts {
    options: Options,
    clock: Mutex<Clock>,
    state: Mutex<State>,
    post: Post,
    /// Something is to be delivered.
    news: Notify,
    /// One delivers at a time.
    delivering: tokio::sync::Mutex<()>,
}

struct State {
    book: Book,
    journal: Journal,
    faults: Faults,
    /// Keys of requests that are not answered yet.
    under_way: BTreeSet<String>,
}

/// Keys and addresses.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who may call: `sk_test_…`.
    pub secret_key: String,
    /// What a browser may show to confirm a payment whose client secret it has: `pk_test_…`.
    pub publishable_key: String,
    /// Where webhooks go, over plain HTTP. Without it they wait to be taken.
    pub webhook_url: Option<String>,
    /// Each signs every webhook: two while one is rolled.
    pub webhook_secrets: Vec<String>,
    /// Where the customer's browser finds the sandbox.
    pub public_url: String,
}

/// How it behaves; kept over a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Each webhook waits so long.
    pub delay_ms: u64,
    /// And, by chance, up to so much longer: they arrive out of order. Without it, those of one
    /// moment are sent together, and may overtake each other, as Stripe's do.
    pub disorder_ms: u64,
    /// So many further copies of each webhook, at most 20.
    pub duplicates: u32,
    /// One of so many webhooks is lost for good; 0 for none.
    pub drop_one_in: u32,
    /// How often a webhook is tried that is not taken.
    pub attempts: u32,
    /// The pause after the first attempt; then doubled each time, up to an hour.
    pub retry_ms: u64,
    /// What becomes of refunds.
    pub refunds: RefundWay,
    /// When a refund becomes what it does not become at once.
    pub refund_delay_ms: u64,
    /// How long a bank takes that takes its time.
    pub processing_ms: u64,
}

/// What becomes of a refund.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundWay {
    /// It succeeds at once.
    #[default]
    Succeeds,
    /// It succeeds later.
    Pends,
    /// It succeeds at once, and fails later.
    FailsLate,
}

/// What the customer does when the bank asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// What was asked for.
    Succeeds,
    /// Something else.
    Fails,
}

/// What becomes of a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStep {
    /// The bank looks at it.
    Reviewed,
    /// The money comes again.
    Won,
    /// It does not.
    Lost,
}

/// What was asked of the sandbox itself cannot be done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotDone(String);

impl Default for Settings {
    fn default() -> Self {
        Self {
            delay_ms: 0,
            disorder_ms: 0,
            duplicates: 0,
            drop_one_in: 0,
            attempts: 16,
            retry_ms: 1_000,
            refunds: RefundWay::Succeeds,
            refund_delay_ms: 2_000,
            processing_ms: 2_000,
        }
    }
}

impl Sandbox {
    /// Goes on where the journal in the folder ends; the folder is made if it is not there.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub fn open(folder: &Path, clock: Clock, options: Options) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (journal, book) = Journal::open(folder)?;
        let state = State { book, journal, faults: Faults::default(), under_way: BTreeSet::new() };
        Ok(Self(Arc::new(Parts {
            options,
            clock: Mutex::new(clock),
            state: Mutex::new(state),
            post: Post::default(),
            news: Notify::new(),
            delivering: tokio::sync::Mutex::new(()),
        })))
    }

    /// Lives by another clock from now on: that of the shop whose payments it makes.
    pub fn live_by(&self, clock: Clock) {
        *self.0.clock.lock().unwrap_or_else(PoisonError::into_inner) = clock;
    }

    /// Stripe's paths below `/v1`, and its own below `/sandbox`.
    pub fn router(&self) -> Router {
        api::router().merge(desk::router()).with_state(self.clone())
    }

    /// How it behaves.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.locked().book.settings
    }

    /// Lets it behave otherwise from now on.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn set(&self, settings: Settings) -> io::Result<()> {
        self.locked().keep(vec![Entry::Settings(settings)])
    }

    /// Something goes wrong with the next requests that fit; forgotten by a restart.
    pub fn fail(&self, fault: Fault) {
        self.locked().faults.add(fault);
    }

    /// The customer does what the bank asks for, or does not.
    ///
    /// # Errors
    /// When there is no such payment, or nothing was asked.
    pub fn authenticate(&self, payment: &str, action: Action) -> Result<Value, NotDone> {
        self.work(|work| {
            let payment = work.payment(payment)?;
            match payments::authenticate(work, payment, action) {
                Err(refused) if refused.status != 402 => Err(refused),
                // That the bank says no is what was asked for.
                Err(refused) => Ok(refused.to_json()),
                done => done,
            }
        })
    }

    /// A bank takes money back of a payment: all of it unless an amount is given, in Stripe's
    /// unit.
    ///
    /// # Errors
    /// When there is no such payment, or it was not taken.
    pub fn dispute(
        &self,
        payment: &str,
        amount: Option<i64>,
        reason: &str,
    ) -> Result<Value, NotDone> {
        self.work(|work| {
            let payment = work.payment(payment)?;
            disputes::open(work, payment, amount, reason)
        })
    }

    /// A dispute goes on, or ends.
    ///
    /// # Errors
    /// When there is no such dispute, or it is closed.
    pub fn settle_dispute(&self, dispute: &str, step: DisputeStep) -> Result<Value, NotDone> {
        self.work(|work| {
            let found = work.book.disputes.get(dispute).cloned();
            let dispute = found.ok_or_else(|| Refusal::missing("dispute", dispute))?;
            disputes::step(work, dispute, step)
        })
    }

    /// Refunds that pend and payments that are processed become what they are bound to become,
    /// when it is time. Deliveries do this too.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn turn_due(&self) -> io::Result<()> {
        let now = self.now();
        let mut state = self.locked();
        let due: Vec<String> = state
            .book
            .turns
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, id)| id.clone())
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let mut work = Work::new(&state.book, now, &self.0.options.public_url);
        for id in due {
            if let Some(payment) = state.book.payments.get(&id) {
                payments::turn(&mut work, payment.clone());
            } else if let Some(refund) = state.book.refunds.get(&id)
                && let Some((_, into)) = refund.turns
            {
                refunds::turn(&mut work, refund.clone(), into);
            }
        }
        let entries = work.entries;
        state.keep(entries)?;
        self.0.news.notify_one();
        Ok(())
    }

    fn work(
        &self,
        wish: impl FnOnce(&mut Work<'_>) -> Result<Value, Refusal>,
    ) -> Result<Value, NotDone> {
        let mut state = self.locked();
        let mut work = Work::new(&state.book, self.now(), &self.0.options.public_url);
        let done = wish(&mut work).map_err(|refused| NotDone(refused.to_json().to_string()))?;
        let entries = work.entries;
        state.keep(entries).map_err(|error| NotDone(error.to_string()))?;
        self.0.news.notify_one();
        Ok(done)
    }

    fn now(&self) -> Timestamp {
        self.0.clock.lock().unwrap_or_else(PoisonError::into_inner).now()
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// First into the journal, then into the book.
    fn keep(&mut self, entries: Vec<Entry>) -> io::Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        self.journal.write(&entries)?;
        entries.into_iter().for_each(|entry| self.book.apply(entry));
        Ok(())
    }
}

/// A name as Stripe gives them: a prefix and 24 letters and digits.
fn name(prefix: &str) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let random = entropy::<24>().map(|byte| char::from(LETTERS[usize::from(byte) % 62]));
    random.iter().fold(prefix.to_owned(), |name, letter| name + &letter.to_string())
}

/// By chance, from nothing up to a most.
fn chance(most: u64) -> u64 {
    let random = u64::from(u32::from_le_bytes(entropy()));
    u64::try_from(u128::from(most) * u128::from(random) / u128::from(u32::MAX)).unwrap_or(most)
}
