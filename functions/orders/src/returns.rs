use app::caller::Caller;
use app::extract::{Body, IdempotencyKey, Path};
use app::{App, Problem};
use axum::Json;
use axum::extract::State;
use domain::id::{LineId, ReturnId, VariantId};
use domain::order::{Answer, Command, Replacement};
use store::{catalog, receipts};
use uuid::Uuid;

use crate::acts::{act, named};
use crate::wire::{ExchangeIn, OrderOut, ReceiveIn, ReturnAnswer, ReturnAnswerIn, ReturnIn};

/// Ask for goods to come back
///
/// Of what was sent. The same `Idempotency-Key` again is the same return.
#[utoipa::path(
    post, path = "/v1/orders/{order}/returns", operation_id = "request_return", tag = "orders",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = Option<String>, Header, description = "Required: one for each call"),
    ),
    request_body = ReturnIn,
    responses(
        (status = 200, description = "The order; `returns` tell", body = OrderOut),
        (status = 404, description = "No such order"),
        (status = 409, description = "The key came with other goods before"),
    )
)]
pub(crate) async fn request(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    key: IdempotencyKey,
    Body(wanted): Body<ReturnIn>,
) -> Result<Json<OrderOut>, Problem> {
    let returned = ReturnId(named(id, &key.required()?, b"return"));
    let (portions, reason) = (wanted.portions(), wanted.reason.checked("reason")?);
    let request =
        || Command::RequestReturn { returned, portions: portions.clone(), reason: reason.clone() };
    act(&app, &caller, id, |_order| Ok(request())).await
}

/// Approve, reject or cancel a return
#[utoipa::path(
    post, path = "/v1/orders/{order}/returns/{return}/answer", operation_id = "answer_return",
    tag = "orders",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("return" = Uuid, Path, description = "The return"),
    ),
    request_body = ReturnAnswerIn,
    responses(
        (status = 200, description = "The order; `returns` tell", body = OrderOut),
        (status = 404, description = "No such order or return"),
        (status = 409, description = "The return is further"),
    )
)]
pub(crate) async fn answer(
    State(app): State<App>,
    caller: Caller,
    Path((id, returned)): Path<(Uuid, Uuid)>,
    Body(wanted): Body<ReturnAnswerIn>,
) -> Result<Json<OrderOut>, Problem> {
    let answer = match wanted.answer {
        ReturnAnswer::Approve => Answer::Approve,
        ReturnAnswer::Reject => Answer::Reject,
        ReturnAnswer::Cancel => Answer::Cancel,
    };
    let returned = ReturnId(returned);
    act(&app, &caller, id, |_order| Ok(Command::AnswerReturn { returned, answer })).await
}

/// Goods are here
///
/// What can be sold again goes back on a shelf. Money goes back by a refund of its own.
#[utoipa::path(
    post, path = "/v1/orders/{order}/returns/{return}/receive", operation_id = "receive_return",
    tag = "orders",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("return" = Uuid, Path, description = "The return"),
    ),
    request_body = ReceiveIn,
    responses(
        (status = 200, description = "The order; `returns` tell", body = OrderOut),
        (status = 404, description = "No such order or return"),
        (status = 409, description = "The return is not approved"),
    )
)]
pub(crate) async fn receive(
    State(app): State<App>,
    caller: Caller,
    Path((id, returned)): Path<(Uuid, Uuid)>,
    Body(wanted): Body<ReceiveIn>,
) -> Result<Json<OrderOut>, Problem> {
    let (returned, restock) = (ReturnId(returned), wanted.picks());
    let receive = || Command::ReceiveReturn { returned, restock: restock.clone() };
    act(&app, &caller, id, |_order| Ok(receive())).await
}

/// Send other goods for what comes back
///
/// In place of a refund, once for each return, as soon as that is approved: another size, or the
/// same in one piece. Not more pieces than come back; they cost nothing, whatever their price. They
/// are a line of the order that is ready to be packed. The same goods again are the same exchange.
#[utoipa::path(
    post, path = "/v1/orders/{order}/returns/{return}/exchange", operation_id = "exchange_return",
    tag = "orders",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("return" = Uuid, Path, description = "The return"),
    ),
    request_body = ExchangeIn,
    responses(
        (status = 200, description = "The order; lines with `replaces` tell", body = OrderOut),
        (status = 404, description = "No such order or return"),
        (status = 409, description = "Out of stock; not approved; exchanged for others before"),
    )
)]
pub(crate) async fn exchange(
    State(app): State<App>,
    caller: Caller,
    Path((id, returned)): Path<(Uuid, Uuid)>,
    Body(wanted): Body<ExchangeIn>,
) -> Result<Json<OrderOut>, Problem> {
    let pieces = wanted.pieces();
    let variants: Vec<VariantId> = pieces.iter().map(|(variant, _)| *variant).collect();
    let (known, offers) = catalog::goods(&app.db, caller.tenant.number, &variants).await?;
    let mut goods = vec![];
    for (position, &(variant, quantity)) in pieces.iter().enumerate() {
        let line = LineId(receipts::digest(&[returned.as_bytes(), &position.to_be_bytes()]));
        let with = known.iter().find(|with| with.variant == variant).ok_or_else(|| {
            let told = format!("there is no variant {variant}; name one of the catalog");
            Problem::invalid(format!("lines[{position}].variant"), told)
        })?;
        goods.push((line, Replacement { quantity, ..with.clone() }));
    }
    let returned = ReturnId(returned);
    let exchange = || Command::Exchange { returned, goods: goods.clone(), offers: offers.clone() };
    act(&app, &caller, id, |_order| Ok(exchange())).await
}
