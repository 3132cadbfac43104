//! How much there is of what, where, and why.
//!
//! - Trigger: HTTP `/v1/stock`, `/v1/locations`.
//! - Reads: stock, its movements, locations.
//! - Writes: stock, with a movement for every change, and locations.
//! - Emits: nudges to those who measure stock.
//! - On failure: a change and its movement are one transaction, made once for each id.

use app::caller::Caller;
use app::extract::{Body, Parameters, Path};
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses, relay};
use axum::Json;
use axum::extract::State;
use domain::id::{LocationId, VariantId};
use serde::Deserialize;
use store::stock::{self, Adjusted, Wanted};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{
    AdjustmentIn, LevelOut, LevelsOut, LocationIn, LocationOut, LocationsOut, MovementOut,
    MovementsOut,
};

mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "inventory",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(list_locations))
                .routes(routes!(put_location))
                .routes(routes!(list_stock))
                .routes(routes!(post_adjustment))
                .routes(routes!(list_movements)),
        ),
        uses: Uses {
            postgres: Some(Role::App),
            sends: relay::FOLLOWERS,
            key_value: true,
            ..Uses::default()
        },
    }
}

const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;

/// Which page of stock.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StockPage {
    /// Only this variant.
    variant: Option<Uuid>,
    /// Only at this location.
    location: Option<Uuid>,
    /// Only where no more than `low_stock` is left.
    #[serde(default)]
    low: bool,
    /// The variant and location that ended the page before, as `next` gave them.
    after: Option<String>,
    /// Levels of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

/// Which page of movements.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MovementsPage {
    /// Only of this variant.
    variant: Option<Uuid>,
    /// The last id of the page before.
    before: Option<i64>,
    /// Movements of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

/// List locations
///
/// In the order in which orders take their stock from them.
#[utoipa::path(
    get, path = "/v1/locations", tag = "stock",
    responses((status = 200, description = "All locations", body = LocationsOut))
)]
async fn list_locations(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<LocationsOut>, Problem> {
    let found = stock::locations(&app.db, caller.tenant.number).await?;
    Ok(Json(LocationsOut { locations: found.into_iter().map(LocationOut::from).collect() }))
}

/// Write a location
///
/// The id is yours to choose, a UUID.
#[utoipa::path(
    put, path = "/v1/locations/{id}", tag = "stock",
    params(("id" = Uuid, Path, description = "The location")),
    request_body = LocationIn,
    responses(
        (status = 200, description = "It stands", body = LocationOut),
        (status = 409, description = "Another location has this name"),
    )
)]
async fn put_location(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(wanted): Body<LocationIn>,
) -> Result<Json<LocationOut>, Problem> {
    let location = wanted.named(LocationId(id))?;
    stock::put_location(&app.db, caller.tenant.number, &location).await.map_err(named)?;
    Ok(Json(location.into()))
}

/// List stock
#[utoipa::path(
    get, path = "/v1/stock", tag = "stock",
    params(StockPage),
    responses((status = 200, description = "Levels by variant and location", body = LevelsOut))
)]
async fn list_stock(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<StockPage>,
) -> Result<Json<LevelsOut>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let wanted = Wanted {
        variant: page.variant.map(VariantId),
        location: page.location.map(LocationId),
        low: page.low,
        after: page.after.as_deref().map(after).transpose()?.unwrap_or_default(),
        limit,
    };
    let found = stock::levels(&app.db, caller.tenant.number, &wanted).await?;
    let next = app::page::next(&found, limit, |it| format!("{}/{}", it.variant, it.location));
    Ok(Json(LevelsOut { stock: found.into_iter().map(LevelOut::from).collect(), next }))
}

/// Change stock by hand
///
/// `on_hand` after a count, `change` for what came or went. The same `id` twice is one change.
#[utoipa::path(
    post, path = "/v1/stock/adjustments", tag = "stock",
    request_body = AdjustmentIn,
    responses(
        (status = 200, description = "What there is now", body = LevelOut),
        (status = 404, description = "No such variant or location"),
        (status = 409, description = "What is sold would not be there"),
    )
)]
async fn post_adjustment(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<AdjustmentIn>,
) -> Result<Json<LevelOut>, Problem> {
    let actor = caller.actor();
    let adjustment = wanted.check(&actor, app.clock.now())?;
    let tenant = caller.tenant.number;
    relay::announce(&app).await?;
    let done = stock::adjust(&app.db, tenant, &adjustment).await?;
    let now = Wanted {
        variant: Some(adjustment.variant),
        location: Some(adjustment.location),
        limit: 1,
        ..Wanted::default()
    };
    let level = stock::levels(&app.db, tenant, &now).await?.into_iter().next();
    relay::followers(&app, tenant).await;
    match (done, level) {
        (Adjusted::Done, Some(level)) => Ok(Json(level.into())),
        (Adjusted::Oversold, level) => Err(oversold(level.as_ref())),
        (Adjusted::TooMany, _) => {
            Err(Problem::invalid("change", "at most 1,000,000,000 pieces are counted"))
        }
        _ => Err(Problem::not_found("such variant or no such location")),
    }
}

/// List changes of stock
///
/// The newest first. Their sums are what there is.
#[utoipa::path(
    get, path = "/v1/stock/movements", tag = "stock",
    params(MovementsPage),
    responses((status = 200, description = "Movements", body = MovementsOut))
)]
async fn list_movements(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<MovementsPage>,
) -> Result<Json<MovementsOut>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let (variant, before) = (page.variant.map(VariantId), page.before.unwrap_or(i64::MAX));
    let tenant = caller.tenant.number;
    let found = stock::movements(&app.db, tenant, variant, before, limit).await?;
    let next = app::page::next(&found, limit, |movement| movement.id);
    Ok(Json(MovementsOut { movements: found.into_iter().map(MovementOut::from).collect(), next }))
}

fn after(text: &str) -> Result<(Uuid, Uuid), Problem> {
    let both = text
        .split_once('/')
        .and_then(|(variant, location)| Some((variant.parse().ok()?, location.parse().ok()?)));
    both.ok_or_else(|| Problem::invalid("after", "give what `next` said on the page before"))
}

fn named(error: store::Error) -> Problem {
    match error.constraint() {
        Some("location_name") => {
            Problem::new(ProblemCode::Conflict, "another location has this name").at("name")
        }
        _ => Problem::from(error),
    }
}

fn oversold(level: Option<&stock::Level>) -> Problem {
    let (there, wanted) = level.map_or((0, 0), |it| (it.on_hand, it.reserved + it.allocated));
    let beyond = level.map_or(0, |it| it.backorder_limit);
    Problem::new(
        ProblemCode::OutOfStock,
        format!(
            "{there} are there, orders wait for {wanted} of them, and {beyond} may be sold beyond \
             what is there: so many cannot be taken away"
        ),
    )
}
