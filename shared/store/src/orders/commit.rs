use domain::id::{OrderId, TenantNumber};
use domain::order::{Command, Event, Order, Rejected, decide, evolve};
use jiff::Timestamp;

use super::write::write_together;
use super::{Loaded, Writing, load_to_pay, write};
use crate::checkout::Contact;
use crate::payments::{Said, hear};
use crate::statement::{Statement, fly};
use crate::{Db, Error};

/// Who acts on an order, when, and why.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// As the history says it.
    pub actor: &'a str,
    /// In which request.
    pub request_id: Option<&'a str>,
    /// When.
    pub at: Timestamp,
    /// Through whom the order is paid.
    pub gateway: &'a str,
    /// What a provider said, when it is that which is acted on: it is heard once.
    pub said: Option<Said<'a>>,
    /// Name and addresses, when it is those that change.
    pub contact: Option<&'a Contact>,
}

impl<'a> Act<'a> {
    /// Somebody acts of his own accord.
    #[must_use]
    pub const fn by(actor: &'a str, gateway: &'a str, at: Timestamp) -> Self {
        Self { actor, request_id: None, at, gateway, said: None, contact: None }
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// The order as it is now.
    pub order: Order,
    /// What happened; nothing when it had happened before.
    pub events: Vec<Event>,
}

/// Why nothing happened.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The tenant has no such order.
    #[error("there is no such order")]
    Missing,
    /// The order does not grant it.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Postgres did not do it.
    #[error(transparent)]
    Store(#[from] Error),
}

/// One loses against one other at a time, and an order has few who act on it.
const TRIES: u32 = 20;

/// Loads an order, decides, and writes what follows in one transaction; again when another wrote
/// meanwhile. The commands are asked for anew each time, and each is decided after the one
/// before.
///
/// # Errors
/// [`CommitError`]; then nothing was written, unless Postgres went away during the commit.
pub async fn commit(
    db: &Db,
    tenant: TenantNumber,
    id: OrderId,
    act: &Act<'_>,
    commands: impl Fn(&Loaded) -> Result<Vec<Command>, Rejected>,
) -> Result<Committed, CommitError> {
    let (mut tries, mut alone) = (0, false);
    loop {
        tries += 1;
        let loaded = load_to_pay(db, tenant, id, act.said.as_ref()).await?;
        let loaded = loaded.ok_or(CommitError::Missing)?;
        if loaded.was_heard {
            return Ok(Committed { order: loaded.order, events: vec![] });
        }
        let (mut after, mut events) = (loaded.order.clone(), vec![]);
        for command in commands(&loaded)? {
            let more = decide(&after, command)?;
            after = more.iter().fold(after, evolve);
            events.extend(more);
        }
        let order = &loaded.order;
        let writing =
            Writing { id, before: Some(order), events: &events, act, opening: None, answer: None };
        match record(db, tenant, &writing, alone).await {
            Err(error) if error.is_overtaken() && tries < TRIES => {}
            Err(error) => return Err(error.into()),
            Ok(Some(order)) => return Ok(Committed { order, events }),
            Ok(None) => alone = true,
        }
    }
}

async fn record(
    db: &Db,
    tenant: TenantNumber,
    writing: &Writing<'_>,
    alone: bool,
) -> Result<Option<Order>, Error> {
    if writing.events.is_empty() {
        // What is old is recorded too, so that it is seen to have been heard.
        let said = writing.act.said.map(|said| said.row(0, writing.act.at));
        let heard: Vec<Statement> = hear(tenant, said.as_slice()).into_iter().collect();
        if !heard.is_empty() {
            fly(db, tenant, &heard).await?;
        }
        return Ok(writing.before.cloned());
    }
    if alone {
        write(db, tenant, writing).await.map(Some)
    } else {
        write_together(db, tenant, writing).await
    }
}
