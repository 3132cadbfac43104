//! What goes with a product.
//!
//! - Trigger: HTTP `/v1/products/{id}/recommendations`.
//! - Reads: what was counted by night, and what of it can be bought now.
//! - Writes: nothing.
//! - Emits: nothing.
//! - On failure: nothing was changed.

use app::caller::Caller;
use app::extract::{Parameters, Path};
use app::{App, Function, Problem, Role, Trigger, Uses, cached};
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use store::recommendations;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::wire::RecommendationsOut;

mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "recommendations",
        trigger: Trigger::Http(OpenApiRouter::new().routes(routes!(recommend))),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

const SHOWN: i64 = 8;
const SHOWN_MAX: i64 = 20;
/// As long as what the catalog tells: what is sold out is not shown for longer than that.
const CACHE_CONTROL: &str = "public, max-age=60";

/// How many.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct RecommendationsAsked {
    /// 1 to 20; 8 unless given.
    limit: Option<i64>,
}

/// Find what goes with a product
///
/// First what is bought together with it more often than by chance, in at least three orders of
/// the last year; then what is bought most of its categories. Each with its evidence. It is counted
/// by night, from the newest 20,000 orders that were not called off; what is not published, sold
/// out or without a price is left out the moment it is asked for.
#[utoipa::path(
    get, path = "/v1/products/{id}/recommendations", operation_id = "list_recommendations",
    tag = "catalog",
    params(
        ("id" = String, Path, description = "The product's id or slug"),
        RecommendationsAsked,
        ("If-None-Match" = Option<String>, Header, description = "The ETag of an answer"),
    ),
    responses(
        (status = 200, description = "Products, the best first", body = RecommendationsOut),
        (status = 304, description = "It is what the ETag says"),
        (status = 404, description = "No such product is published"),
        (status = 422, description = "A parameter is not valid"),
    )
)]
async fn recommend(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Parameters(asked): Parameters<RecommendationsAsked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = asked.limit.unwrap_or(SHOWN);
    if !(1..=SHOWN_MAX).contains(&limit) {
        return Err(Problem::invalid("limit", format!("ask for 1 to {SHOWN_MAX}")));
    }
    let (tenant, subject) = (caller.tenant.number, (id.parse().ok(), id.as_str()));
    let found = recommendations::find(&app.db, tenant, subject, app.clock.now(), limit).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("product {id}")))?;
    cached::answer(&headers, CACHE_CONTROL, None, &RecommendationsOut::from(found))
}
