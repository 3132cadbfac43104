//! Declares and explores metrics.
//!
//! - Trigger: HTTP `/v1/metrics`, their series and tags.
//! - Reads: metrics, series.
//! - Writes: declarations.
//! - Emits: nothing.
//! - On failure: a declaration is one statement; it stands or it does not.

use app::caller::Caller;
use app::extract::{Body, Parameters, Path};
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses};
use axum::Json;
use axum::extract::State;
use domain::metric::{Declaration, MetricName};
use serde::Deserialize;
use store::metrics::{self, Declared, Drafts, Metric};
use store::series;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::wire::{
    DeclarationIn, MetricOut, MetricsOut, OneSeriesOut, SeriesOut, TagOut, TagValueOut,
    TagValuesOut, TagsOut,
};

mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "metrics",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(list_metrics))
                .routes(routes!(get_metric, put_metric))
                .routes(routes!(list_series))
                .routes(routes!(list_tags))
                .routes(routes!(list_tag_values)),
        ),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;
const TAG_VALUES: i64 = 10_000;

/// Which page of metrics.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MetricsPage {
    /// The last name of the page before.
    #[serde(default)]
    after: String,
    /// Metrics of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

/// Which page of series.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SeriesPage {
    /// The last id of the page before.
    #[serde(default)]
    after: i32,
    /// Series of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

/// List metrics
#[utoipa::path(
    get, path = "/v1/metrics", tag = "metrics",
    params(MetricsPage),
    responses((status = 200, description = "Metrics by name", body = MetricsOut))
)]
async fn list_metrics(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<MetricsPage>,
) -> Result<Json<MetricsOut>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let found = metrics::list(&app.db, caller.tenant.number, &page.after, limit).await?;
    let next = app::page::next(&found, limit, |metric| metric.name.clone());
    Ok(Json(MetricsOut { metrics: found.into_iter().map(MetricOut::from).collect(), next }))
}

/// Describe a metric
#[utoipa::path(
    get, path = "/v1/metrics/{name}", tag = "metrics",
    params(("name" = String, Path, description = "The metric")),
    responses(
        (status = 200, description = "The metric", body = MetricOut),
        (status = 404, description = "No such metric"),
    )
)]
async fn get_metric(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<MetricOut>, Problem> {
    Ok(Json(find(&app, &caller, &name).await?.into()))
}

/// Declare a metric
///
/// Kind, unit and finest rollup are fixed once the metric has points; the rest may change. What is
/// left out becomes what is usual for its kind.
#[utoipa::path(
    put, path = "/v1/metrics/{name}", tag = "metrics",
    params(("name" = String, Path, description = "A letter, then up to 63 of a-z, 0-9, _ and .")),
    request_body = DeclarationIn,
    responses(
        (status = 200, description = "It stands", body = MetricOut),
        (status = 409, description = "It has points of another kind, unit or finest rollup"),
    )
)]
async fn put_metric(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(wanted): Body<DeclarationIn>,
) -> Result<Json<MetricOut>, Problem> {
    let name =
        MetricName::parse(&name).map_err(|error| Problem::invalid("name", error.to_string()))?;
    let declaration = Declaration::try_from(wanted)?;
    let (tenant, name) = (caller.tenant.number, name.as_str());
    match metrics::declare(&app.db, tenant, name, &declaration, Drafts::Change).await? {
        Declared::Stands => Ok(Json(find(&app, &caller, name).await?.into())),
        Declared::HasPoints => Err(Problem::new(
            ProblemCode::Conflict,
            "the metric has points; kind, unit and finest stay; declare another name instead",
        )),
        Declared::TooMany => Err(Problem::new(
            ProblemCode::Conflict,
            "the tenant has 1,000 metrics; use tags instead of more names",
        )),
    }
}

/// List the series of a metric
#[utoipa::path(
    get, path = "/v1/metrics/{name}/series", tag = "metrics",
    params(("name" = String, Path, description = "The metric"), SeriesPage),
    responses(
        (status = 200, description = "Series by id", body = SeriesOut),
        (status = 404, description = "No such metric"),
    )
)]
async fn list_series(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Parameters(page): Parameters<SeriesPage>,
) -> Result<Json<SeriesOut>, Problem> {
    let metric = find(&app, &caller, &name).await?;
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let found = series::list(&app.db, caller.tenant.number, metric.id, page.after, limit).await?;
    let next = app::page::next(&found, limit, |series| series.id);
    Ok(Json(SeriesOut { series: found.into_iter().map(OneSeriesOut::from).collect(), next }))
}

/// List the tags of a metric
///
/// The tag with the most values comes first: it is the one that makes series explode.
#[utoipa::path(
    get, path = "/v1/metrics/{name}/tags", tag = "metrics",
    params(("name" = String, Path, description = "The metric")),
    responses(
        (status = 200, description = "Tags", body = TagsOut),
        (status = 404, description = "No such metric"),
    )
)]
async fn list_tags(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<TagsOut>, Problem> {
    let metric = find(&app, &caller, &name).await?;
    let tags = series::tags(&app.db, caller.tenant.number, metric.id).await?;
    let tags =
        tags.into_iter().map(|(key, values, series)| TagOut { key, values, series }).collect();
    Ok(Json(TagsOut { tags }))
}

/// List the values of a tag
#[utoipa::path(
    get, path = "/v1/metrics/{name}/tags/{key}", tag = "metrics",
    params(
        ("name" = String, Path, description = "The metric"),
        ("key" = String, Path, description = "The tag"),
    ),
    responses(
        (status = 200, description = "Values, at most 10,000", body = TagValuesOut),
        (status = 404, description = "No such metric"),
    )
)]
async fn list_tag_values(
    State(app): State<App>,
    caller: Caller,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<TagValuesOut>, Problem> {
    let metric = find(&app, &caller, &name).await?;
    let tenant = caller.tenant.number;
    let values = series::tag_values(&app.db, tenant, metric.id, &key, TAG_VALUES).await?;
    let values = values.into_iter().map(|(value, series)| TagValueOut { value, series }).collect();
    Ok(Json(TagValuesOut { values }))
}

async fn find(app: &App, caller: &Caller, name: &str) -> Result<Metric, Problem> {
    let found = metrics::find(&app.db, caller.tenant.number, &[name]).await?;
    found.into_iter().next().ok_or_else(|| Problem::not_found(format!("metric `{name}`")))
}
