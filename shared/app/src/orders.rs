use domain::id::OrderId;
use domain::order::{Command, Order, Rejected};
use domain::payment::STRIPE;
use store::checkout::Contact;
use store::orders::{self, Act, CommitError, Loaded};

use crate::caller::Caller;
use crate::payments::Calls;
use crate::{App, Problem, ProblemCode, payments, relay, step, trace};

/// Asks something of an order for a caller: decides, writes what happens, tells others, and asks
/// the provider for what follows. A provider that is away is asked again by the sweeper: the
/// order as it stands is answered then.
///
/// # Errors
/// A problem: no such order, what is not granted, or Postgres is away. Then nothing was written.
pub async fn act(
    app: &App,
    caller: &Caller,
    id: OrderId,
    contact: Option<&Contact>,
    commands: impl Fn(&Loaded) -> Result<Vec<Command>, Rejected>,
) -> Result<Order, Problem> {
    let (tenant, actor, request_id) = (caller.tenant.number, caller.actor(), trace::request_id());
    relay::announce_order(app, tenant).await?;
    step::reached("order.announced");
    let now = app.clock.now();
    let act = Act { request_id: Some(&request_id), contact, ..Act::by(&actor, STRIPE, now) };
    let order = match orders::commit(&app.db, tenant, id, &act, commands).await {
        Ok(committed) => committed.order,
        Err(CommitError::Missing) => return Err(missing()),
        Err(CommitError::Rejected(rejected)) => return Err(refused(rejected)),
        Err(CommitError::Store(error)) if error.constraint() == Some("stock_not_oversold") => {
            return Err(Problem::new(ProblemCode::OutOfStock, "others were faster; try again"));
        }
        Err(CommitError::Store(error)) => return Err(error.into()),
    };
    step::reached("order.committed");
    let driven = payments::drive(app, tenant, order.clone(), Calls::New).await;
    step::reached("order.driven");
    relay::followers(app, tenant).await;
    Ok(driven.unwrap_or_else(|failure| {
        tracing::warn!(error = trace::chain(&failure), "the provider is asked again later");
        order
    }))
}

/// There is no such order.
#[must_use]
pub fn missing() -> Problem {
    Problem::not_found("order of that id")
}

/// What an order does not grant, as a problem that names the field at fault.
fn refused(rejected: Rejected) -> Problem {
    let told = rejected.to_string();
    let field = match &rejected {
        Rejected::NotRefundable { .. }
        | Rejected::NotCapturable { .. }
        | Rejected::NotChargeable(_) => "amount_minor",
        Rejected::NoSuchPayment(_) | Rejected::NothingToPay | Rejected::WhichPayment => "payment",
        Rejected::NoSuchLine(_) | Rejected::NotSoMany { .. } | Rejected::NoPieces => "lines",
        Rejected::RestocksTooMuch => "restock",
        Rejected::OtherRefund(_) => {
            let told = "this Idempotency-Key came with another refund before; use a new key";
            return Problem::new(ProblemCode::IdempotencyMismatch, told);
        }
        Rejected::OutOfStock(_) => return Problem::new(ProblemCode::OutOfStock, told),
        Rejected::ExchangesTooMuch { .. } => "lines",
        Rejected::NoSuchFulfillment(_) => return Problem::not_found("fulfillment of that id"),
        Rejected::NoSuchReturn(_) => return Problem::not_found("return of that id"),
        _ => return Problem::new(ProblemCode::Conflict, told),
    };
    Problem::invalid(field, told)
}
