//! What is taken off what customers buy.
//!
//! - Trigger: HTTP `/v1/discounts`.
//! - Reads: discounts, and how often each was used.
//! - Writes: discounts.
//! - Emits: nothing.
//! - On failure: a discount is written whole, in one transaction; the same call again changes
//!   nothing.

use app::caller::Caller;
use app::extract::{Body, Parameters, Path};
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses};
use axum::Json;
use axum::extract::State;
use domain::discount::Discount;
use http::StatusCode;
use serde::Deserialize;
use store::discounts::{self, WITHOUT_CODE_MAX};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::wire::{DiscountDocument, DiscountOut, DiscountsOut, Handle};

/// What is sent, and what is answered.
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "discounts",
        trigger: Trigger::Http(
            OpenApiRouter::new().routes(routes!(list_discounts)).routes(routes!(
                get_discount,
                put_discount,
                delete_discount
            )),
        ),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;

/// Which page of discounts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DiscountsPage {
    /// What ended the page before, as `next` gave it.
    after: Option<String>,
    /// Discounts of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

/// List discounts
///
/// Those that need no code by their id, the others by their code, all in one order.
#[utoipa::path(
    get, path = "/v1/discounts", tag = "discounts",
    params(DiscountsPage),
    responses((status = 200, description = "Discounts", body = DiscountsOut))
)]
async fn list_discounts(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<DiscountsPage>,
) -> Result<Json<DiscountsOut>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let after = page.after.unwrap_or_default();
    let found = discounts::page(&app.db, caller.tenant.number, &after, limit).await?;
    let next = app::page::next(&found, limit, Discount::handle);
    Ok(Json(DiscountsOut { discounts: found.into_iter().map(DiscountOut::from).collect(), next }))
}

/// Read a discount
#[utoipa::path(
    get, path = "/v1/discounts/{handle}", tag = "discounts",
    params(("handle" = String, Path, description = "Its code, or its id when it needs none")),
    responses(
        (status = 200, description = "The discount", body = DiscountOut),
        (status = 404, description = "No such discount"),
    )
)]
async fn get_discount(
    State(app): State<App>,
    caller: Caller,
    Path(handle): Path<String>,
) -> Result<Json<DiscountOut>, Problem> {
    let handle = Handle::parse(&handle)?.to_string();
    let found = discounts::find(&app.db, caller.tenant.number, &handle).await?;
    Ok(Json(found.ok_or_else(no_such_discount)?.into()))
}

/// Write a discount
///
/// The whole of it. Under a code it is for who types that code; under a UUID, yours to choose, it
/// needs no code and is taken off every cart that it fits. What was used of it stays used. Orders
/// that are there keep what they have.
#[utoipa::path(
    put, path = "/v1/discounts/{handle}", tag = "discounts",
    params(("handle" = String, Path, description = "Its code, or a UUID when it needs none")),
    request_body = DiscountDocument,
    responses(
        (status = 200, description = "It stands", body = DiscountOut),
        (status = 409, description = "There are 100 without a code already, or the id is taken"),
        (status = 422, description = "A field is not valid"),
    )
)]
async fn put_discount(
    State(app): State<App>,
    caller: Caller,
    Path(handle): Path<String>,
    Body(wanted): Body<DiscountDocument>,
) -> Result<Json<DiscountOut>, Problem> {
    let discount = wanted.named(Handle::parse(&handle)?)?;
    let put = discounts::put(&app.db, caller.tenant.number, &discount).await;
    Ok(Json(put.map_err(refused)?.into()))
}

/// Take a discount away
///
/// With what was counted of it. Orders that had it keep it.
#[utoipa::path(
    delete, path = "/v1/discounts/{handle}", tag = "discounts",
    params(("handle" = String, Path, description = "Its code, or its id when it needs none")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such discount"),
    )
)]
async fn delete_discount(
    State(app): State<App>,
    caller: Caller,
    Path(handle): Path<String>,
) -> Result<StatusCode, Problem> {
    let handle = Handle::parse(&handle)?.to_string();
    match discounts::delete(&app.db, caller.tenant.number, &handle).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_such_discount()),
    }
}

fn no_such_discount() -> Problem {
    Problem::not_found("discount of that code or id")
}

fn refused(error: store::Error) -> Problem {
    let conflict = |told: String| Problem::new(ProblemCode::Conflict, told);
    if error.refusal().is_some() {
        return conflict(format!(
            "a shop has at most {WITHOUT_CODE_MAX} discounts without a code; take one away"
        ));
    }
    match error.constraint() {
        Some("discount_pkey") => {
            conflict("a discount with a code has this id; use another".to_owned())
        }
        _ => Problem::from(error),
    }
}
