use app::caller::Caller;
use app::contact::ContactDocument;
use app::extract::{Body, IdempotencyKey, Path};
use app::{App, Problem, orders};
use axum::Json;
use axum::extract::State;
use domain::id::{OrderId, PaymentId, RefundId};
use domain::order::{Command, Order, Rejected};
use store::{orders as kept, receipts};
use uuid::Uuid;

use crate::reads::told;
use crate::wire::{
    AmountIn, CancelIn, NoteIn, OrderOut, ReduceIn, RefundIn, ReviewIn, ReviewStep, VoidIn,
};

/// Cancel an order
///
/// Before anything of it was sent: its stock is free again, and what was paid goes back, to the
/// gift card what that paid.
#[utoipa::path(
    post, path = "/v1/orders/{order}/cancel", operation_id = "cancel_order", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    request_body = CancelIn,
    responses(
        (status = 200, description = "It is cancelled", body = OrderOut),
        (status = 404, description = "No such order"),
        (status = 409, description = "A part of it was sent, or it has expired"),
    )
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<CancelIn>,
) -> Result<Json<OrderOut>, Problem> {
    let reason = wanted.reason.checked("reason")?;
    let refund = RefundId(receipts::digest(&[id.as_bytes(), b"cancel"]));
    act(&app, &caller, id, |_order| Ok(Command::Cancel { reason: reason.clone(), refund })).await
}

/// Take pieces out of an order
///
/// Before they were packed: their stock is free again, and what was paid for them goes back, money
/// before what a gift card paid.
#[utoipa::path(
    post, path = "/v1/orders/{order}/reductions", operation_id = "reduce_order", tag = "orders",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = Option<String>, Header, description = "Required: one for each call"),
    ),
    request_body = ReduceIn,
    responses(
        (status = 200, description = "The order without them", body = OrderOut),
        (status = 404, description = "No such order"),
        (status = 409, description = "It is not placed, or has ended"),
    )
)]
pub(crate) async fn reduce(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    key: IdempotencyKey,
    Body(wanted): Body<ReduceIn>,
) -> Result<Json<OrderOut>, Problem> {
    let refund = RefundId(named(id, &key.required()?, b"reduction"));
    let (portions, reason) = (wanted.portions(), wanted.reason.checked("reason")?);
    let reduce = || Command::Reduce { portions: portions.clone(), reason: reason.clone(), refund };
    act(&app, &caller, id, |_order| Ok(reduce())).await
}

/// Take money that is authorized
///
/// All of it unless an amount is given; what is not taken is let go.
#[utoipa::path(
    post, path = "/v1/orders/{order}/capture", operation_id = "capture_payment", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    request_body = AmountIn,
    responses(
        (status = 200, description = "It is asked for; `captured_minor` tells", body = OrderOut),
        (status = 404, description = "No such order"),
        (status = 409, description = "It has ended, or is under review"),
    )
)]
pub(crate) async fn capture(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<AmountIn>,
) -> Result<Json<OrderOut>, Problem> {
    let amount_minor = wanted.amount_minor;
    act(&app, &caller, id, |order| {
        Ok(Command::Capture {
            payment: order.payment_meant(wanted.payment.map(PaymentId))?,
            amount_minor,
        })
    })
    .await
}

/// Let money go that is authorized
#[utoipa::path(
    post, path = "/v1/orders/{order}/void", operation_id = "void_payment", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    request_body = VoidIn,
    responses(
        (status = 200, description = "It is asked for", body = OrderOut),
        (status = 404, description = "No such order"),
        (status = 409, description = "It was captured: refund it"),
    )
)]
pub(crate) async fn void(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<VoidIn>,
) -> Result<Json<OrderOut>, Problem> {
    act(&app, &caller, id, |order| {
        Ok(Command::Void { payment: order.payment_meant(wanted.payment.map(PaymentId))? })
    })
    .await
}

/// Give money back
///
/// All that is left unless an amount is given: what was captured or paid with a gift card, less
/// what went back already and what is disputed. Money goes back first, as far as it was captured,
/// and the rest to the gift card. The same `Idempotency-Key` again is the same refund.
#[utoipa::path(
    post, path = "/v1/orders/{order}/refunds", operation_id = "refund_payment", tag = "orders",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = Option<String>, Header, description = "Required: one for each call"),
    ),
    request_body = RefundIn,
    responses(
        (status = 200, description = "Asked for; `refunds` and `gift_card` tell", body = OrderOut),
        (status = 404, description = "No such order"),
    )
)]
pub(crate) async fn refund(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    key: IdempotencyKey,
    Body(wanted): Body<RefundIn>,
) -> Result<Json<OrderOut>, Problem> {
    let refund = RefundId(named(id, &key.required()?, b"refund"));
    let (amount_minor, reason) = (wanted.amount_minor, wanted.reason.checked("reason")?);
    let payment = wanted.payment.map(PaymentId);
    let refund = || Command::Refund { refund, payment, amount_minor, reason: reason.clone() };
    act(&app, &caller, id, |_order| Ok(refund())).await
}

/// Hold an order for review, or let it go on
#[utoipa::path(
    post, path = "/v1/orders/{order}/review", operation_id = "review_order", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    request_body = ReviewIn,
    responses(
        (status = 200, description = "The order", body = OrderOut),
        (status = 404, description = "No such order"),
        (status = 409, description = "It has ended, or nobody holds it"),
    )
)]
pub(crate) async fn review(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<ReviewIn>,
) -> Result<Json<OrderOut>, Problem> {
    act(&app, &caller, id, |_order| {
        Ok(match wanted.step {
            ReviewStep::Hold => Command::Hold,
            ReviewStep::Clear => Command::ClearReview,
        })
    })
    .await
}

/// Write something down
///
/// For the shop's own eyes, in the history. Erasing a customer's data leaves notes alone.
#[utoipa::path(
    post, path = "/v1/orders/{order}/notes", operation_id = "add_note", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    request_body = NoteIn,
    responses(
        (status = 200, description = "The order", body = OrderOut),
        (status = 404, description = "No such order"),
    )
)]
pub(crate) async fn note(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<NoteIn>,
) -> Result<Json<OrderOut>, Problem> {
    let text = wanted.text.checked("text")?;
    act(&app, &caller, id, |_order| Ok(Command::Note { text: text.clone() })).await
}

/// Change name and addresses
#[utoipa::path(
    put, path = "/v1/orders/{order}/contact", operation_id = "change_contact", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    request_body = ContactDocument,
    responses(
        (status = 200, description = "The order", body = OrderOut),
        (status = 404, description = "No such order"),
        (status = 409, description = "The personal data was erased"),
    )
)]
pub(crate) async fn change_contact(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<ContactDocument>,
) -> Result<Json<OrderOut>, Problem> {
    let order = kept::load(&app.db, caller.tenant.number, OrderId(id)).await?;
    let contact = wanted.named(order.ok_or_else(orders::missing)?.terms.contact)?;
    let commands = |_loaded: &kept::Loaded| Ok(vec![Command::ChangeContact]);
    let order = orders::act(&app, &caller, OrderId(id), Some(&contact), commands).await?;
    told(&app, &caller, &order).await
}

/// Erase the personal data of an order
///
/// Name, addresses, e-mail and telephone are gone for good; what was bought and paid stays.
#[utoipa::path(
    delete, path = "/v1/orders/{order}/contact", operation_id = "erase_contact", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "The order without them", body = OrderOut),
        (status = 404, description = "No such order"),
    )
)]
pub(crate) async fn erase_contact(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<OrderOut>, Problem> {
    act(&app, &caller, id, |_order| Ok(Command::Erase)).await
}

/// Does one thing to an order, and answers the order as it is then.
pub(crate) async fn act(
    app: &App,
    caller: &Caller,
    id: Uuid,
    command: impl Fn(&Order) -> Result<Command, Rejected>,
) -> Result<Json<OrderOut>, Problem> {
    let commands = |loaded: &kept::Loaded| Ok(vec![command(&loaded.order)?]);
    let order = orders::act(app, caller, OrderId(id), None, commands).await?;
    told(app, caller, &order).await
}

/// An id that follows from the key of a call.
pub(crate) fn named(order: Uuid, key: &str, what: &[u8]) -> Uuid {
    receipts::digest(&[order.as_bytes(), key.as_bytes(), what])
}
