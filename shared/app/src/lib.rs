//! What a function may touch: the seam to its hosts, the ports, the problems, the caller.

use std::ops::Deref;
use std::sync::Arc;

use providers::hooks::Courier;
use providers::stripe::Stripe;
use store::Db;

pub use crate::clock::Clock;
pub use crate::config::Config;
pub use crate::function::{
    Consumer, Deadline, Delivery, Every, Failure, Function, Job, Role, Tick, Trigger, Uses,
};
pub use crate::problem::{Problem, ProblemCode};

/// From where calls come, and how often they try.
pub mod attempts;
/// What callers do to tenants, for the log.
pub mod audit;
/// Which calls pages of other origins may make, and that browsers are told so.
pub mod browsers;
/// Answers that whoever has them need not be told again.
pub mod cached;
/// Who calls: API keys and tokens, resolved to a tenant and its scopes.
pub mod caller;
/// The time, or a fixed one.
pub mod clock;
/// The only reader of the environment.
pub mod config;
/// Who buys, and where it goes, as clients say it and read it.
pub mod contact;
/// When work is due next, so that Postgres may sleep until then.
pub mod due;
/// Bodies, queries and the idempotency key, each refused with a problem that names the field.
pub mod extract;
/// The seam: what a function is, whoever hosts it.
pub mod function;
/// The words of the payment provider's client.
pub mod gateway;
/// Codes of gift cards and store credit: made, kept as hashes, looked up.
pub mod gift_cards;
/// Secrets of webhooks, out and in, and what they sign.
pub mod hooks;
/// One message or one tick, as every host hands it to its function.
pub mod invoke;
/// Points per key and minute, leased in blocks.
pub mod limiter;
/// Uploads by signed address.
pub mod objects;
/// The links by which customers see what became of their orders.
pub mod order_link;
/// What callers ask of orders.
pub mod orders;
/// Lists that are read in pages.
pub mod page;
/// What follows from an order at the payment provider.
pub mod payments;
/// Queue, key-value records and mail: each with two implementations in production.
pub mod port;
/// Every error that a client may see.
pub mod problem;
/// Sending on what a transaction left in the outbox.
pub mod relay;
/// Tokens that need not be kept.
pub mod sealed;
/// The layers that every HTTP function shares, whoever hosts it.
pub mod serve;
/// Named places at which a test may kill the process.
pub mod step;
/// Templates of letters and pages.
pub mod template;
/// Access tokens: signing, checking, publishing the keys.
pub mod token;
/// Logging: one wide line for each invocation.
pub mod trace;
/// The links by which recipients end a report.
pub mod unsubscribe;

/// What a function may touch. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Process>);

/// What a function may touch, and what its process remembers between calls.
struct Process {
    parts: Parts,
    callers: caller::Callers,
    limiter: limiter::Limiter,
    announced: relay::Announced,
    relays: relay::Relays,
}

/// The parts of an [`App`]. A function's [`Uses`] says which of them its host must provide.
pub struct Parts {
    /// Postgres, in the role of the function.
    pub db: Db,
    /// Messages to other functions.
    pub queue: Arc<dyn port::Queue>,
    /// Expiring records: keys, leases, the next due instants.
    pub key_value: Arc<dyn port::KeyValue>,
    /// Letters out.
    pub mailer: Arc<dyn port::Mailer>,
    /// Large bodies. Absent where the function declares none: see [`App::objects`].
    pub objects: Option<objects::Objects>,
    /// The payment provider. Absent where the function declares none: see [`App::gateway`].
    pub gateway: Option<Stripe>,
    /// To endpoints of shops.
    pub courier: Courier,
    /// The time.
    pub clock: Clock,
    /// Addresses and keys.
    pub config: Config,
}

/// Bytes that nobody can guess.
///
/// # Panics
/// Never: the kernel's generator is always there.
#[must_use]
pub fn entropy<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    aws_lc_rs::rand::fill(&mut bytes).expect("the kernel's generator is always there");
    bytes
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Process {
            parts,
            callers: caller::Callers::default(),
            limiter: limiter::Limiter::default(),
            announced: relay::Announced::default(),
            relays: relay::Relays::default(),
        }))
    }

    /// Points leased to this process.
    #[must_use]
    pub fn limiter(&self) -> &limiter::Limiter {
        &self.0.limiter
    }

    /// Keys seen lately.
    pub(crate) fn callers(&self) -> &caller::Callers {
        &self.0.callers
    }

    /// What this process announced lately.
    pub(crate) fn announced(&self) -> &relay::Announced {
        &self.0.announced
    }

    /// What this process sends to followers.
    pub(crate) fn relays(&self) -> &relay::Relays {
        &self.0.relays
    }

    /// The object store of a function that declares it.
    ///
    /// # Errors
    /// When it does not.
    pub fn objects(&self) -> Result<&objects::Objects, port::PortError> {
        let undeclared =
            || port::PortError::new("the function does not declare that it uses objects");
        self.objects.as_ref().ok_or_else(undeclared)
    }

    /// The payment provider of a function that declares it.
    ///
    /// # Errors
    /// When it does not, or none is set up.
    pub fn gateway(&self) -> Result<&Stripe, port::PortError> {
        let absent = || port::PortError::new("no payment provider is declared and set up");
        self.gateway.as_ref().ok_or_else(absent)
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}
