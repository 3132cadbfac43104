use app::caller::Caller;
use app::extract::{Body, Path};
use app::{App, Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use domain::cart::{Settings, limit};
use domain::id::ShippingOptionId;
use domain::money::Rounding;
use domain::order::Capture;
use http::StatusCode;
use store::shop::{self, Shop};
use uuid::Uuid;

use self::wire::{
    ShippingDocument, ShippingOptionOut, ShippingOptionsOut, ShopDocument, TaxZoneDocument,
    TaxZonesOut,
};

/// What is sent, and what is answered.
mod wire;

/// Read how the shop sells
#[utoipa::path(
    get, path = "/v1/shop", tag = "shop",
    responses((status = 200, description = "Its settings", body = ShopDocument))
)]
pub(crate) async fn get_shop(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<ShopDocument>, Problem> {
    let found = shop::settings(&app.db, caller.tenant.number).await?;
    Ok(Json(found.unwrap_or(AS_IT_WAS_MADE).into()))
}

/// Write how the shop sells
///
/// Carts and orders that are there keep what they have.
#[utoipa::path(
    put, path = "/v1/shop", tag = "shop",
    request_body = ShopDocument,
    responses(
        (status = 200, description = "It stands", body = ShopDocument),
        (status = 422, description = "A field is not valid"),
    )
)]
pub(crate) async fn put_shop(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<ShopDocument>,
) -> Result<Json<ShopDocument>, Problem> {
    let shop = wanted.checked()?;
    shop::put_settings(&app.db, caller.tenant.number, &shop).await?;
    Ok(Json(shop.into()))
}

/// List tax zones
#[utoipa::path(
    get, path = "/v1/tax-zones", tag = "shop",
    responses((status = 200, description = "All of them", body = TaxZonesOut))
)]
pub(crate) async fn list_tax_zones(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<TaxZonesOut>, Problem> {
    let found = shop::tax_zones(&app.db, caller.tenant.number).await?;
    let tax_zones = found.into_iter().map(|zone| (zone.zone.clone(), zone.into())).collect();
    Ok(Json(TaxZonesOut { tax_zones }))
}

/// Write a tax zone
///
/// The whole of it. One zone without countries stands for all others.
#[utoipa::path(
    put, path = "/v1/tax-zones/{zone}", tag = "shop",
    params(("zone" = String, Path, description = "What you call it: 1 to 40 of a-z, 0-9, _ and -")),
    request_body = TaxZoneDocument,
    responses(
        (status = 200, description = "It stands", body = TaxZoneDocument),
        (status = 409, description = "There are 250 already"),
        (status = 422, description = "A field is not valid"),
    )
)]
pub(crate) async fn put_tax_zone(
    State(app): State<App>,
    caller: Caller,
    Path(zone): Path<String>,
    Body(wanted): Body<TaxZoneDocument>,
) -> Result<Json<TaxZoneDocument>, Problem> {
    let zone = wanted.named(zone)?;
    shop::put_tax_zone(&app.db, caller.tenant.number, &zone).await.map_err(full)?;
    Ok(Json(zone.into()))
}

/// Take a tax zone away
#[utoipa::path(
    delete, path = "/v1/tax-zones/{zone}", tag = "shop",
    params(("zone" = String, Path, description = "What you call it")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such zone"),
    )
)]
pub(crate) async fn delete_tax_zone(
    State(app): State<App>,
    caller: Caller,
    Path(zone): Path<String>,
) -> Result<StatusCode, Problem> {
    gone(shop::delete_tax_zone(&app.db, caller.tenant.number, &zone).await?, "tax zone")
}

/// List ways to send
#[utoipa::path(
    get, path = "/v1/shipping-options", tag = "shop",
    responses((status = 200, description = "All of them", body = ShippingOptionsOut))
)]
pub(crate) async fn list_shipping(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<ShippingOptionsOut>, Problem> {
    let found = shop::shipping_options(&app.db, caller.tenant.number).await?;
    let shipping_options = found.into_iter().map(ShippingOptionOut::from).collect();
    Ok(Json(ShippingOptionsOut { shipping_options }))
}

/// Write a way to send
///
/// The whole of it. The id is yours to choose, a UUID.
#[utoipa::path(
    put, path = "/v1/shipping-options/{id}", tag = "shop",
    params(("id" = Uuid, Path, description = "The way")),
    request_body = ShippingDocument,
    responses(
        (status = 200, description = "It stands", body = ShippingOptionOut),
        (status = 409, description = "There are 250 already"),
        (status = 422, description = "A field is not valid"),
    )
)]
pub(crate) async fn put_shipping(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<ShippingDocument>,
) -> Result<Json<ShippingOptionOut>, Problem> {
    let offered = wanted.named(ShippingOptionId(id))?;
    shop::put_shipping_option(&app.db, caller.tenant.number, &offered).await.map_err(full)?;
    Ok(Json(offered.into()))
}

/// Take a way to send away
#[utoipa::path(
    delete, path = "/v1/shipping-options/{id}", tag = "shop",
    params(("id" = Uuid, Path, description = "The way")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such way"),
    )
)]
pub(crate) async fn delete_shipping(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let id = ShippingOptionId(id);
    gone(shop::delete_shipping_option(&app.db, caller.tenant.number, id).await?, "way to send")
}

/// As the database has it for a shop that nobody has set up.
const AS_IT_WAS_MADE: Shop = Shop {
    settings: Settings {
        rounding: Rounding::PerLine,
        capture: Capture::Automatic,
        payment_minutes: 60,
    },
    cart_days: 30,
};

fn gone(was_there: bool, what: &str) -> Result<StatusCode, Problem> {
    match was_there {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found(format!("{what} of that name"))),
    }
}

fn full(error: store::Error) -> Problem {
    match error.refusal() {
        Some(_too_many) => {
            let told = format!("a shop has at most {} of these; take one away", limit::OF_A_SHOP);
            Problem::new(ProblemCode::Conflict, told)
        }
        None => Problem::from(error),
    }
}
