//! Shows what is expected.
//!
//! - Trigger: HTTP `GET /v1/forecasts`.
//! - Reads: forecasts.
//! - Writes: nothing.
//! - Emits: nothing.
//! - On failure: a problem; asking again is safe.

use app::caller::Caller;
use app::extract::Parameters;
use app::{App, Function, Problem, Role, Trigger, Uses};
use axum::Json;
use axum::extract::State;
use domain::metric::MetricName;
use jiff::civil::Date;
use serde::Deserialize;
use store::forecasts;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::wire::{ForecastOut, ForecastsOut};

mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "forecast",
        trigger: Trigger::Http(OpenApiRouter::new().routes(routes!(list_forecasts))),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

/// Which forecasts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Of this metric only, with its days.
    metric: Option<String>,
    /// From this local day, the first that was not known then; the newest unless given.
    #[param(value_type = Option<String>, example = "2026-11-21")]
    origin: Option<String>,
}

/// List forecasts
///
/// The newest of each metric, or those from one day. Made once a day out of complete days; kept
/// for 92 days. The days are told when one metric is asked for. Where too little is known, the
/// reply says so instead.
#[utoipa::path(
    get, path = "/v1/forecasts", tag = "forecasts",
    params(Wanted),
    responses(
        (status = 200, description = "Forecasts by metric", body = ForecastsOut),
        (status = 404, description = "The metric has no forecast, or none from that day"),
    )
)]
async fn list_forecasts(
    State(app): State<App>,
    caller: Caller,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<Json<ForecastsOut>, Problem> {
    let origin = wanted.origin.as_deref().map(date).transpose()?;
    let metric = match &wanted.metric {
        Some(name) => Some(
            MetricName::parse(name)
                .map_err(|error| Problem::invalid("metric", error.to_string()))?,
        ),
        None => None,
    };
    let name = metric.as_ref().map(MetricName::as_str);
    let names = name.as_ref().map(std::slice::from_ref);
    let found = forecasts::latest(&app.db, caller.tenant.number, names, origin).await?;
    if let (Some(name), true) = (name, found.is_empty()) {
        return Err(Problem::not_found(match origin {
            Some(origin) => format!("forecast of `{name}` from {origin}"),
            None => format!("forecast of `{name}`; one is made every night"),
        }));
    }
    let in_full = name.is_some();
    let forecasts = found.into_iter().map(|kept| ForecastOut::of(kept, in_full)).collect();
    Ok(Json(ForecastsOut { forecasts }))
}

fn date(text: &str) -> Result<Date, Problem> {
    text.parse().map_err(|error: jiff::Error| {
        Problem::invalid("origin", "send a day such as 2026-11-21").caused_by(error)
    })
}
