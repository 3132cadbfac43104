use std::collections::BTreeMap;

use domain::id::{OrderId, TenantNumber};
use domain::order::{Event, Order};

use super::Act;
use super::load::Load;
use super::projection::By;
use crate::checkout::{Answer, Opening};
use crate::gate::Gates;
use crate::{Db, Error};

/// What happened to an order, and who did it.
#[derive(Clone, Debug)]
pub struct Writing<'a> {
    /// Which order.
    pub id: OrderId,
    /// As it was before; none when these events open it.
    pub before: Option<&'a Order>,
    /// What happened. Not empty.
    pub events: &'a [Event],
    /// By whom, when, and why.
    pub act: &'a Act<'a>,
    /// The checkout that opens it.
    pub opening: Option<&'a Opening<'a>>,
    /// What that checkout is answered.
    pub answer: Option<&'a Answer<'a>>,
}

/// Writes events down, with all that follows from them: the projection, the books, stock,
/// messages, the number of an order that is placed. One transaction, one round trip. The order as
/// it is then.
///
/// # Errors
/// [`Error::Conflict`] when another wrote first: load and decide again. [`Error::Statement`] with
/// the constraint `stock_not_oversold` when the stock is gone, and with `credit_not_overspent` when
/// the credit is.
pub async fn write(db: &Db, tenant: TenantNumber, writing: &Writing<'_>) -> Result<Order, Error> {
    alone(db, tenant, Load::of(tenant, writing)?).await
}

/// Where orders of a tenant meet that are to be placed: its numbers are drawn without a gap, so
/// that each waits until the one before is on disk.
pub(crate) type Placing = Gates<TenantNumber, Load, Option<Order>>;

/// The same, together with others of the tenant that place an order at the moment. None when
/// something was in the way, of another perhaps: load and decide anew, and write that alone.
pub(super) async fn write_together(
    db: &Db,
    tenant: TenantNumber,
    writing: &Writing<'_>,
) -> Result<Option<Order>, Error> {
    let load = Load::of(tenant, writing)?;
    if load.placed().is_none() {
        return alone(db, tenant, load).await.map(Some);
    }
    let placed = db.placing().pass(tenant, load, |loads| place(db, tenant, loads)).await?;
    Ok(placed.flatten())
}

/// Each order once: what else was decided about it is out of date then, and answered none. In the
/// order of their ids, so that others lock the same rows in the same order.
async fn place(
    db: &Db,
    tenant: TenantNumber,
    loads: Vec<Load>,
) -> Result<Vec<Option<Order>>, Error> {
    let mut answers = vec![None; loads.len()];
    let mut orders = BTreeMap::new();
    for (load, answer) in loads.into_iter().zip(&mut answers) {
        orders.entry(load.placed()).or_insert((load, answer));
    }
    let (mut joint, mut waiting) = (Load::default(), vec![]);
    for (load, answer) in orders.into_values() {
        joint.join(load);
        waiting.push(answer);
    }
    for (order, answer) in joint.write(db, tenant).await?.into_iter().zip(waiting) {
        *answer = Some(order);
    }
    Ok(answers)
}

async fn alone(db: &Db, tenant: TenantNumber, load: Load) -> Result<Order, Error> {
    let written = load.write(db, tenant).await?.pop();
    written.ok_or_else(|| Error::Stored("order", "it was not written".into()))
}

impl Writing<'_> {
    /// The events with their places in the history of the order.
    pub(crate) fn versions(&self) -> impl Iterator<Item = (i32, &Event)> {
        let before = self.before.map_or(0, |order| order.version);
        (before + 1..).zip(self.events)
    }

    pub(super) fn by(&self) -> By {
        By {
            actor: self.act.actor.to_owned(),
            request_id: self.act.request_id.map(str::to_owned),
            at: self.act.at,
        }
    }
}
