use app::caller::Caller;
use app::extract::{Parameters, Path};
use app::{App, Problem, orders};
use axum::Json;
use axum::extract::State;
use domain::id::OrderId;
use domain::order::Order;
use serde::Deserialize;
use store::{findings, orders as kept};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::wire::{HistoryOut, OrderOut, OrdersOut, PaymentFindingsOut};

const PAGE: i64 = 50;
const PAGE_MAX: i64 = 500;

/// Which orders.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrdersPage {
    /// `open`, `confirmed`, `completed`, `cancelled`, `expired` or `review`.
    status: Option<String>,
    /// Such as `captured`, `authorized`, `part_refunded`.
    payment_status: Option<String>,
    /// Such as `none`, `partial`, `shipped`, `delivered`.
    fulfillment_status: Option<String>,
    /// The order with this number.
    number: Option<i64>,
    /// Orders of whoever has this e-mail address.
    email: Option<String>,
    /// Where the page before ended, as its `next` said.
    before: Option<String>,
    /// Orders of a page, 1 to 500; 50 unless given.
    limit: Option<i64>,
}

/// List orders
///
/// The newest first.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders",
    params(OrdersPage),
    responses((status = 200, description = "Orders", body = OrdersOut))
)]
pub(crate) async fn list_orders(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<OrdersPage>,
) -> Result<Json<OrdersOut>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let wanted = kept::Wanted {
        status: page.status,
        payment_status: page.payment_status,
        fulfillment_status: page.fulfillment_status,
        number: page.number,
        email: page.email,
        before: page.before.as_deref().map(app::page::instant_and_id).transpose()?,
        limit,
    };
    let found = kept::list(&app.db, caller.tenant.number, &wanted).await?;
    let next = app::page::next(&found, limit, |it| format!("{}/{}", it.opened_at, it.id));
    Ok(Json(OrdersOut { orders: found.into_iter().map(Into::into).collect(), next }))
}

/// Read an order
#[utoipa::path(
    get, path = "/v1/orders/{order}", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "The order", body = OrderOut),
        (status = 404, description = "No such order"),
    )
)]
pub(crate) async fn get_order(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<OrderOut>, Problem> {
    let found = kept::load(&app.db, caller.tenant.number, OrderId(id)).await?;
    told(&app, &caller, &found.ok_or_else(orders::missing)?).await
}

/// Read the history of an order
///
/// Who did what, when, and why: every event, from the opening on. Amounts that the payment provider
/// states are the sum so far.
#[utoipa::path(
    get, path = "/v1/orders/{order}/history", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "Its events, in their order", body = HistoryOut),
        (status = 404, description = "No such order"),
    )
)]
pub(crate) async fn get_history(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<HistoryOut>, Problem> {
    let history = kept::history(&app.db, caller.tenant.number, OrderId(id)).await?;
    if history.is_empty() {
        return Err(orders::missing());
    }
    let events = history.into_iter().map(TryInto::try_into).collect::<Result<_, _>>();
    Ok(Json(HistoryOut { events: events.map_err(Problem::internal)? }))
}

/// List payments that no order accounts for
///
/// The payment provider is held against the orders once a day. What was paid without an order, or
/// twice, or is not known to the provider, is listed here: the newest 500. What was paid twice goes
/// back by itself.
#[utoipa::path(
    get, path = "/v1/payment-findings", tag = "orders",
    responses((status = 200, description = "Findings", body = PaymentFindingsOut))
)]
pub(crate) async fn list_findings(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<PaymentFindingsOut>, Problem> {
    let found = findings::list(&app.db, caller.tenant.number, PAGE_MAX).await?;
    Ok(Json(PaymentFindingsOut { findings: found.into_iter().map(Into::into).collect() }))
}

/// The order with its contact, as it is answered.
pub(crate) async fn told(
    app: &App,
    caller: &Caller,
    order: &Order,
) -> Result<Json<OrderOut>, Problem> {
    let tenant = caller.tenant.number;
    let contact = kept::contact(&app.db, tenant, order.terms.contact).await?;
    Ok(Json(OrderOut::of(order, contact)))
}
