//! Carts become orders, and are paid.
//!
//! - Trigger: HTTP `POST /v1/checkout`, `GET /v1/checkout/{order}`.
//! - Reads: carts, with prices, discounts, gift cards, taxes and ways to send; stock.
//! - Writes: orders that wait for their payment, reserved stock, what is used of discounts and
//!   spent of gift cards, contacts, answers by key.
//! - Emits: one call to the payment provider, while no transaction is open; nudges to those who
//!   follow orders, for what leaves nothing to pay and is placed at once.
//! - On failure: the same `Idempotency-Key` goes on where the last call ended: one order for a
//!   cart, one payment for an order. What became of the provider's call is found out under its
//!   key.

use app::caller::Caller;
use app::extract::{Body, IdempotencyKey, Path, cart_token};
use app::{App, Function, Problem, Role, Trigger, Uses, payments, relay};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::id::OrderId;
use http::HeaderMap;
use store::{carts, orders};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{CheckoutIn, CheckoutOut};
use crate::work::Asked;

/// What is sent, and what is answered.
mod wire;
/// From the cart to the payment.
mod work;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "checkout",
        trigger: Trigger::Http(
            OpenApiRouter::new().routes(routes!(post_checkout)).routes(routes!(get_checkout)),
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

/// Check a cart out
///
/// It becomes an order whose stock is reserved and whose payment waits for the customer: confirm
/// it in the browser with the `client_secret`. The order is placed, and gets its number, when it
/// is paid. What a gift card pays is taken from it with the order, and is there again when the
/// order is let go; where it pays for everything, the order is placed at once. Asked again with the
/// same `Idempotency-Key`, the same is answered, to the byte.
#[utoipa::path(
    post, path = "/v1/checkout", tag = "checkout",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Required: one for a cart"),
        ("Cart-Token" = Option<String>, Header, description = "The cart's token"),
        ("If-Match" = Option<String>, Header, description = "The version that the customer saw"),
    ),
    request_body = CheckoutIn,
    responses(
        (status = 201, description = "The order, and how to pay it", body = CheckoutOut),
        (status = 202, description = "The provider is silent; ask again", body = CheckoutOut),
        (status = 404, description = "No such cart, or another's"),
        (status = 409, description =
            "Something is sold out, used up or spent, the cart was changed or is closed, or \
             the call is under way"),
        (status = 422, description = "Something is in the way of buying it"),
    )
)]
async fn post_checkout(
    State(app): State<App>,
    caller: Caller,
    key: IdempotencyKey,
    headers: HeaderMap,
    Body(wanted): Body<CheckoutIn>,
) -> Result<Response, Problem> {
    let asked = Asked::read(&caller, (key.0, &headers), wanted)?;
    work::check_out(&app, &caller, &asked).await
}

/// Read what became of a checkout
///
/// While the order waits for its payment, with the secret that the customer's browser pays with.
#[utoipa::path(
    get, path = "/v1/checkout/{order}", tag = "checkout",
    params(
        ("order" = Uuid, Path, description = "The order"),
        ("Cart-Token" = Option<String>, Header, description = "The token of its cart"),
    ),
    responses(
        (status = 200, description = "The order", body = CheckoutOut),
        (status = 404, description = "No such order, or another's"),
    )
)]
async fn get_checkout(
    State(app): State<App>,
    caller: Caller,
    Path(order): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Json<CheckoutOut>, Problem> {
    let token = cart_token(&headers)?;
    let tenant = caller.tenant.number;
    let missing = || Problem::not_found("order of that id and token");
    let order = orders::load(&app.db, tenant, OrderId(order)).await?.ok_or_else(missing)?;
    let cart = carts::find(&app.db, tenant, order.terms.cart, app.clock.now()).await?;
    cart.filter(|cart| cart.is_of(token)).ok_or_else(missing)?;
    let secret = payments::secret(&app, &order).await;
    Ok(Json(CheckoutOut::of(&order, secret)))
}
