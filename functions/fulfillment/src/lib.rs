//! Parcels: packed, sent, tracked, arrived.
//!
//! - Trigger: HTTP `/v1/orders/{order}/fulfillments`, `/v1/carrier-webhook`, `/v1/parcel-notices`.
//! - Reads: orders, what carriers said.
//! - Writes: events of orders with all that follows from them, such as the stock that leaves.
//! - Emits: nudges to those who follow orders.
//! - On failure: nothing was written, or all of it. The same `Idempotency-Key` again is the same
//!   parcel.

use app::caller::Caller;
use app::extract::{Body, IdempotencyKey, Path};
use app::{App, Function, Problem, Role, Trigger, Uses, orders, relay};
use axum::Json;
use axum::extract::State;
use domain::id::{FulfillmentId, OrderId};
use domain::order::Command;
use store::orders::Loaded;
use store::receipts;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{FulfillmentIn, FulfillmentOut, ShipmentIn};

/// What carriers are to know, and what they said.
mod carriers;
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "fulfillment",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(pack))
                .routes(routes!(ship))
                .routes(routes!(deliver))
                .routes(routes!(unpack))
                .routes(routes!(carriers::get_webhook))
                .routes(routes!(carriers::list_notices)),
        ),
        uses: Uses {
            postgres: Some(Role::App),
            sends: relay::WITH_ORDERS,
            key_value: true,
            gateway: true,
            ..Uses::default()
        },
    }
}

/// Pack a parcel
///
/// Everything that is in no parcel yet, unless pieces are named. The same `Idempotency-Key` again
/// is the same parcel.
#[utoipa::path(
    post, path = "/v1/orders/{order}/fulfillments", operation_id = "pack_parcel",
    tag = "fulfillment",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = Option<String>, Header, description = "Required: one for each parcel"),
    ),
    request_body = FulfillmentIn,
    responses(
        (status = 200, description = "It is packed", body = FulfillmentOut),
        (status = 404, description = "No such order"),
        (status = 409, description = "The order is not placed, has ended, or is under review"),
    )
)]
async fn pack(
    State(app): State<App>,
    caller: Caller,
    Path(order): Path<Uuid>,
    key: IdempotencyKey,
    Body(wanted): Body<FulfillmentIn>,
) -> Result<Json<FulfillmentOut>, Problem> {
    let key = key.required()?;
    let id = receipts::digest(&[order.as_bytes(), key.as_bytes(), b"fulfillment"]);
    let fulfillment = FulfillmentId(id);
    act(&app, &caller, (order, id), |loaded| {
        // Packed again, what is left would be something else.
        let known = loaded.order.fulfillment(fulfillment).map(|known| known.portions.clone());
        let left = || loaded.order.unpacked();
        let portions = wanted.portions().or(known).unwrap_or_else(left);
        vec![Command::Pack { fulfillment, portions }]
    })
    .await
}

/// Send a parcel
///
/// Its goods leave the stock, and the customer is written to. Named again with another number, it
/// is tracked under that.
#[utoipa::path(
    post, path = "/v1/orders/{order}/fulfillments/{fulfillment}/ship",
    operation_id = "ship_parcel", tag = "fulfillment",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("fulfillment" = Uuid, Path, description = "The parcel"),
    ),
    request_body = ShipmentIn,
    responses(
        (status = 200, description = "It is under way", body = FulfillmentOut),
        (status = 404, description = "No such order or parcel"),
        (status = 409, description = "It was unpacked, or the order is under review"),
    )
)]
async fn ship(
    State(app): State<App>,
    caller: Caller,
    Path((order, id)): Path<(Uuid, Uuid)>,
    Body(wanted): Body<ShipmentIn>,
) -> Result<Json<FulfillmentOut>, Problem> {
    let (fulfillment, tracking) = (FulfillmentId(id), wanted.tracking()?);
    act(&app, &caller, (order, id), |_loaded| {
        let track = tracking.clone().map(|(carrier, number)| Command::Track {
            fulfillment,
            carrier,
            number,
        });
        track.into_iter().chain([Command::Ship { fulfillment }]).collect()
    })
    .await
}

/// A parcel arrived
#[utoipa::path(
    post, path = "/v1/orders/{order}/fulfillments/{fulfillment}/deliver",
    operation_id = "deliver_parcel", tag = "fulfillment",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("fulfillment" = Uuid, Path, description = "The parcel"),
    ),
    responses(
        (status = 200, description = "It is there", body = FulfillmentOut),
        (status = 404, description = "No such order or parcel"),
        (status = 409, description = "It is not under way"),
    )
)]
async fn deliver(
    State(app): State<App>,
    caller: Caller,
    Path((order, id)): Path<(Uuid, Uuid)>,
) -> Result<Json<FulfillmentOut>, Problem> {
    let fulfillment = FulfillmentId(id);
    act(&app, &caller, (order, id), |_loaded| vec![Command::Deliver { fulfillment }]).await
}

/// Unpack a parcel that was not sent
#[utoipa::path(
    post, path = "/v1/orders/{order}/fulfillments/{fulfillment}/cancel",
    operation_id = "unpack_parcel", tag = "fulfillment",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("fulfillment" = Uuid, Path, description = "The parcel"),
    ),
    responses(
        (status = 200, description = "It is unpacked", body = FulfillmentOut),
        (status = 404, description = "No such order or parcel"),
        (status = 409, description = "It was sent"),
    )
)]
async fn unpack(
    State(app): State<App>,
    caller: Caller,
    Path((order, id)): Path<(Uuid, Uuid)>,
) -> Result<Json<FulfillmentOut>, Problem> {
    let fulfillment = FulfillmentId(id);
    act(&app, &caller, (order, id), |_loaded| vec![Command::Unpack { fulfillment }]).await
}

/// Does something with a parcel, and answers the parcel as it is then.
async fn act(
    app: &App,
    caller: &Caller,
    (order, parcel): (Uuid, Uuid),
    commands: impl Fn(&Loaded) -> Vec<Command>,
) -> Result<Json<FulfillmentOut>, Problem> {
    let commands = |loaded: &Loaded| Ok(commands(loaded));
    let order = orders::act(app, caller, OrderId(order), None, commands).await?;
    let found = order.fulfillment(FulfillmentId(parcel));
    let found = found.ok_or_else(|| Problem::not_found("fulfillment of that id"))?;
    Ok(Json(FulfillmentOut::of(&order, found)))
}
