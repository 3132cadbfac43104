//! What customers are about to buy.
//!
//! - Trigger: HTTP `/v1/carts`.
//! - Reads: carts, with prices, discounts, gift cards, taxes and ways to send.
//! - Writes: carts.
//! - Emits: nothing.
//! - On failure: a change is one transaction; it stands or it does not. Changes that meet all
//!   count.

use app::caller::Caller;
use app::extract::{Body, Path, cart_token, cart_version};
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses, entropy, gift_cards};
use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::cart::{Cart, limit, token_hash};
use domain::id::{CartId, LineId, ShippingOptionId, VariantId};
use http::{HeaderMap, StatusCode};
use store::carts::{self, Change, NewCart};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{CartIn, CartOut, LineChangeIn, LineIn, MergeIn, NewCartOut, SendIn};

mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "cart",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(post_cart))
                .routes(routes!(get_cart, patch_cart))
                .routes(routes!(post_line))
                .routes(routes!(patch_line))
                .routes(routes!(post_merge)),
        ),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

/// Make a cart
///
/// The answer has its token, once: send it as `Cart-Token` with everything that follows.
#[utoipa::path(
    post, path = "/v1/carts", tag = "carts",
    request_body = CartIn,
    responses((status = 201, description = "Made", body = NewCartOut))
)]
async fn post_cart(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<CartIn>,
) -> Result<(StatusCode, Json<NewCartOut>), Problem> {
    wanted.check()?;
    let token = URL_SAFE_NO_PAD.encode(entropy::<32>());
    let id = CartId(Uuid::now_v7());
    let cart = NewCart {
        id,
        token_hash: &token_hash(&token),
        currency: wanted.currency.unwrap_or(caller.tenant.currency),
        country: wanted.country.as_deref().unwrap_or_default(),
        channel: wanted.channel.as_deref().unwrap_or("web"),
        at: app.clock.now(),
    };
    carts::create(&app.db, caller.tenant.number, &cart).await?;
    let cart = read(&app, &caller, id).await?;
    Ok((StatusCode::CREATED, Json(NewCartOut { token, cart: CartOut::of(&cart)? })))
}

/// Read a cart
///
/// At the prices of this moment, with what is in the way of buying it.
#[utoipa::path(
    get, path = "/v1/carts/{id}", tag = "carts",
    params(
        ("id" = Uuid, Path, description = "The cart"),
        ("Cart-Token" = Option<String>, Header, description = "Its token"),
    ),
    responses(
        (status = 200, description = "The cart", body = CartOut),
        (status = 404, description = "No such cart, or another's"),
    )
)]
async fn get_cart(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Json<CartOut>, Problem> {
    let cart = own(&app, &caller, CartId(id), &headers).await?;
    Ok(Json(CartOut::of(&cart)?))
}

/// Say where a cart goes, how, with which discount codes, and with which gift card it is paid
///
/// A gift card, or store credit, pays as far as it reaches. It is no discount: prices, taxes and
/// totals stay, and `due_minor` says what is left to pay.
#[utoipa::path(
    patch, path = "/v1/carts/{id}", tag = "carts",
    params(
        ("id" = Uuid, Path, description = "The cart"),
        ("Cart-Token" = Option<String>, Header, description = "Its token"),
        ("If-Match" = Option<String>, Header, description = "The version that is to be changed"),
    ),
    request_body = SendIn,
    responses(
        (status = 200, description = "Changed", body = CartOut),
        (status = 404, description = "No such cart, or another's; or no such gift card"),
        (status = 409, description = "It was changed meanwhile, or became an order"),
        (status = 429, description = "Too many codes of gift cards were tried"),
    )
)]
async fn patch_cart(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Body(wanted): Body<SendIn>,
) -> Result<Json<CartOut>, Problem> {
    wanted.check()?;
    let cart = own(&app, &caller, CartId(id), &headers).await?;
    let shipping = wanted.shipping.map(ShippingOptionId);
    if shipping.is_some_and(|wanted| !cart.options.iter().any(|option| option.id == wanted)) {
        return Err(Problem::invalid("shipping", "choose one of the cart's `shipping_options`"));
    }
    let codes = wanted.codes()?;
    let credit = match wanted.gift_card.as_deref().map(str::trim) {
        None => None,
        Some("") => Some(None),
        Some(typed) => {
            let found = gift_cards::by_code(&app, &caller, typed).await;
            Some(Some(found.map_err(|problem| problem.at("gift_card"))?.id))
        }
    };
    let (country, codes) = (wanted.country.as_deref(), codes.as_deref());
    let change = Change::Send { country, shipping, codes, credit };
    changed(&app, &caller, (&cart, &headers), &change).await
}

/// Put something into a cart
///
/// What is there already, with the same properties, becomes more of it. Calls that meet all
/// count.
#[utoipa::path(
    post, path = "/v1/carts/{id}/lines", tag = "carts",
    params(
        ("id" = Uuid, Path, description = "The cart"),
        ("Cart-Token" = Option<String>, Header, description = "Its token"),
        ("If-Match" = Option<String>, Header, description = "The version that is to be changed"),
    ),
    request_body = LineIn,
    responses(
        (status = 200, description = "The cart with it", body = CartOut),
        (status = 404, description = "No such cart, or nothing of that name is for sale"),
        (status = 409, description = "It was changed meanwhile, or became an order"),
    )
)]
async fn post_line(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Body(wanted): Body<LineIn>,
) -> Result<Json<CartOut>, Problem> {
    wanted.check()?;
    let cart = own(&app, &caller, CartId(id), &headers).await?;
    let change = Change::Add {
        line: LineId(Uuid::now_v7()),
        variant: wanted.variant.map(VariantId),
        sku: wanted.sku.as_deref(),
        quantity: wanted.quantity,
        properties: &wanted.properties(),
    };
    changed(&app, &caller, (&cart, &headers), &change).await
}

/// Change how many pieces of a line are in a cart
///
/// None takes it out.
#[utoipa::path(
    patch, path = "/v1/carts/{id}/lines/{line}", tag = "carts",
    params(
        ("id" = Uuid, Path, description = "The cart"),
        ("line" = Uuid, Path, description = "The line"),
        ("Cart-Token" = Option<String>, Header, description = "Its token"),
        ("If-Match" = Option<String>, Header, description = "The version that is to be changed"),
    ),
    request_body = LineChangeIn,
    responses(
        (status = 200, description = "The cart without it, or with more or less", body = CartOut),
        (status = 404, description = "No such cart, or no such line"),
        (status = 409, description = "It was changed meanwhile, or became an order"),
    )
)]
async fn patch_line(
    State(app): State<App>,
    caller: Caller,
    Path((id, line)): Path<(Uuid, Uuid)>,
    headers: HeaderMap,
    Body(wanted): Body<LineChangeIn>,
) -> Result<Json<CartOut>, Problem> {
    wanted.check()?;
    let cart = own(&app, &caller, CartId(id), &headers).await?;
    let change = Change::SetQuantity { line: LineId(line), quantity: wanted.quantity };
    changed(&app, &caller, (&cart, &headers), &change).await
}

/// Put all that is in one cart into another
///
/// For a customer who signs in: pieces of the same add up, at most to 10,000 a line, codes join
/// those that are there. The cart that it came from is closed. Asked again, nothing happens twice.
#[utoipa::path(
    post, path = "/v1/carts/{id}/merge", tag = "carts",
    params(
        ("id" = Uuid, Path, description = "The cart that stays"),
        ("Cart-Token" = Option<String>, Header, description = "Its token"),
        ("If-Match" = Option<String>, Header, description = "The version that is to be changed"),
    ),
    request_body = MergeIn,
    responses(
        (status = 200, description = "The cart with all of it", body = CartOut),
        (status = 404, description = "No such cart, or another's"),
        (status = 409, description = "One was changed meanwhile, became an order, or was merged"),
    )
)]
async fn post_merge(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Body(wanted): Body<MergeIn>,
) -> Result<Json<CartOut>, Problem> {
    if wanted.from == id {
        return Err(Problem::invalid("from", "name another cart than the one that stays"));
    }
    let into = own(&app, &caller, CartId(id), &headers).await?;
    let from = read(&app, &caller, CartId(wanted.from)).await.map_err(|it| it.at("from"))?;
    if !from.is_of(&wanted.from_token) {
        return Err(no_such_cart().at("from"));
    }
    if from.merged_into == Some(into.id) {
        return Ok(Json(CartOut::of(&into)?));
    }
    is_open(&into)?;
    is_open(&from).map_err(|it| it.at("from"))?;
    let (tenant, now, version) = (caller.tenant.number, app.clock.now(), cart_version(&headers)?);
    let merged = carts::merge(&app.db, tenant, (into.id, version), from.id, now).await;
    if let Err(error) = merged {
        // Asked twice at once, one of the two finds it done.
        if read(&app, &caller, from.id).await?.merged_into != Some(into.id) {
            return Err(refused(error));
        }
    }
    Ok(Json(CartOut::of(&read(&app, &caller, into.id).await?)?))
}

async fn changed(
    app: &App,
    caller: &Caller,
    (cart, headers): (&Cart, &HeaderMap),
    change: &Change<'_>,
) -> Result<Json<CartOut>, Problem> {
    is_open(cart)?;
    let version = cart_version(headers)?;
    let (tenant, now) = (caller.tenant.number, app.clock.now());
    carts::change(&app.db, tenant, (cart.id, version), change, now).await.map_err(refused)?;
    Ok(Json(CartOut::of(&read(app, caller, cart.id).await?)?))
}

fn is_open(cart: &Cart) -> Result<(), Problem> {
    let told = match (cart.order, cart.merged_into) {
        (Some(order), _) => format!("the cart became order {order}; make another"),
        (None, Some(into)) => format!("cart {into} took over what was in it; use that"),
        (None, None) => return Ok(()),
    };
    Err(Problem::new(ProblemCode::Conflict, told))
}

/// The cart, when its token is shown. Another's is as good as none.
async fn own(app: &App, caller: &Caller, id: CartId, headers: &HeaderMap) -> Result<Cart, Problem> {
    let token = cart_token(headers)?;
    let cart = read(app, caller, id).await?;
    if !cart.is_of(token) {
        return Err(no_such_cart());
    }
    Ok(cart)
}

async fn read(app: &App, caller: &Caller, id: CartId) -> Result<Cart, Problem> {
    let now = app.clock.now();
    let found = carts::find(&app.db, caller.tenant.number, id, now).await?;
    found.filter(|cart| cart.order.is_some() || cart.expires_at > now).ok_or_else(no_such_cart)
}

fn no_such_cart() -> Problem {
    Problem::not_found("cart of that id and token")
}

fn refused(error: store::Error) -> Problem {
    match error.refusal() {
        Some("no such variant is for sale") => {
            Problem::not_found("variant of that name for sale").at("variant")
        }
        Some("the cart has no such line") => Problem::not_found("line of that id in the cart"),
        Some("the cart has too many lines") => {
            Problem::invalid("cart", format!("a cart has at most {} lines", limit::LINES))
        }
        _ if error.constraint() == Some("cart_line_quantity_check") => {
            Problem::invalid("quantity", format!("a line has at most {} pieces", limit::QUANTITY))
        }
        _ => Problem::from(error),
    }
}
