//! Does what follows from what carriers say of parcels.
//!
//! - Trigger: queue `parcels`, in any order.
//! - Reads: parcels by their numbers, orders.
//! - Writes: what was said, once; events of orders with all that follows from them.
//! - Emits: nudges to those who follow orders.
//! - On failure: the message is delivered again. A notice is written down before its parcel is
//!   looked for, and waits until an order has heard of it; an order that hears the same twice, or
//!   what is old, does not change.

use app::{App, Delivery, Failure, Function, Role, Trigger, Uses, relay, step, trace};
use domain::id::{FulfillmentId, OrderId, TenantId, TenantNumber};
use domain::message::{ParcelMessage, QueueName};
use domain::order::Command;
use domain::parcel::Notice;
use domain::payment::STRIPE;
use store::access;
use store::orders::{self, Act, CommitError};
use store::parcels::{self, CARRIER, Waiting};

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "carrier-settle",
        trigger: Trigger::queue(QueueName::Parcels, settle),
        uses: Uses { postgres: Some(Role::App), sends: relay::FOLLOWERS, ..Uses::default() },
    }
}

async fn settle(app: App, delivery: Delivery) -> Result<(), Failure> {
    match serde_json::from_str(&delivery.body).map_err(Failure::discard)? {
        ParcelMessage::Notice { tenant, notice } => hear(&app, tenant, &notice).await,
        ParcelMessage::Order { tenant, order } => take_up(&app, tenant, order).await,
    }
}

/// A carrier said something.
async fn hear(app: &App, id: TenantId, notice: &Notice) -> Result<(), Failure> {
    let Some(tenant) = access::tenant_by_id(&app.db, id).await?.map(|tenant| tenant.number) else {
        // It was signed with what we told it: the shop is gone, and its carrier does not know.
        tracing::info!("a carrier speaks to a shop that is gone");
        return Ok(());
    };
    tracing::Span::current().record("tenant", tenant.0);
    // Written down first. Whoever gives its number to a parcel meanwhile either finds it waiting,
    // or is found below.
    parcels::hear(&app.db, tenant, notice, app.clock.now()).await?;
    step::reached("carrier.heard");
    for waiting in parcels::waiting(&app.db, tenant, &notice.id).await? {
        apply(app, tenant, &waiting).await?;
    }
    Ok(relay::to_followers(app, tenant).await?)
}

/// Parcels of an order have numbers: what was said of them before is heard now.
async fn take_up(app: &App, tenant: TenantNumber, order: OrderId) -> Result<(), Failure> {
    tracing::Span::current().record("tenant", tenant.0);
    loop {
        let all = parcels::waiting_for_order(&app.db, tenant, order, app.clock.now()).await?;
        for waiting in &all {
            apply(app, tenant, waiting).await?;
        }
        if all.is_empty() {
            return Ok(relay::to_followers(app, tenant).await?);
        }
    }
}

/// Tells the orders whose parcels have the number. Where there is none yet, the notice waits.
async fn apply(app: &App, tenant: TenantNumber, waiting: &Waiting) -> Result<(), Failure> {
    let found = parcels::find(&app.db, tenant, &waiting.tracking).await?;
    for &parcel in &found {
        report(app, tenant, parcel, waiting).await?;
    }
    step::reached("carrier.committed");
    if found.is_empty() {
        return Ok(());
    }
    let orders: Vec<OrderId> = found.iter().map(|(order, _)| *order).collect();
    Ok(parcels::settle(&app.db, tenant, &waiting.id, &orders).await?)
}

async fn report(
    app: &App,
    tenant: TenantNumber,
    (order, fulfillment): (OrderId, FulfillmentId),
    waiting: &Waiting,
) -> Result<(), Failure> {
    let now = app.clock.now();
    let act = Act { request_id: Some(&waiting.id), ..Act::by(CARRIER, STRIPE, now) };
    // A clock that is ahead would make all that comes after it old.
    let (stage, at) = (waiting.stage, waiting.occurred_at.min(now));
    let commands = |_: &_| Ok(vec![Command::Report { fulfillment, stage, at }]);
    match orders::commit(&app.db, tenant, order, &act, commands).await {
        Ok(_committed) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
        // The parcel is found by what its order wrote: neither is ever gone.
        Err(error) => {
            tracing::error!(error = trace::chain(&error), "an order knows nothing of its parcel");
            Ok(())
        }
    }
}
