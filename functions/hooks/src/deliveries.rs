use std::time::Duration;

use app::caller::Caller;
use app::extract::{Parameters, Path};
use app::port::Outgoing;
use app::trace::chain;
use app::{App, Problem, ProblemCode, relay};
use axum::Json;
use axum::extract::State;
use domain::id::{HookDeliveryId, TenantNumber};
use domain::message::{Nudge, QueueName};
use http::StatusCode;
use serde::Deserialize;
use store::hooks::{self, Hook};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::find;
use crate::wire::{self, HookDeliveriesOut, HookDeliveryOut, HookSentOut};

/// Which page of deliveries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HookDeliveriesPage {
    /// What ended the page before, as `next` gave it.
    before: Option<Uuid>,
    /// Deliveries of a page, 1 to 1,000; 100 unless given.
    limit: Option<i64>,
}

const PAGE: i64 = 100;
const PAGE_MAX: i64 = 1_000;
/// Tests of a tenant and day: whoever can name an endpoint could else have anybody called.
const TESTS: i64 = 100;
/// How long tests are counted; longer than a day.
const COUNTED: Duration = Duration::from_secs(48 * 3600);

/// Send a test to an endpoint
///
/// An event of the type `test`, signed and tried like all others.
#[utoipa::path(
    post, path = "/v1/hooks/{hook}/test", tag = "hooks",
    params(("hook" = Uuid, Path, description = "The endpoint")),
    responses(
        (status = 202, description = "On its way", body = HookSentOut),
        (status = 404, description = "No such endpoint"),
        (status = 409, description = "The endpoint is disabled"),
        (status = 429, description = "100 tests were sent today"),
    )
)]
pub(crate) async fn test_hook(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<HookSentOut>), Problem> {
    let hook = enabled(find(&app, &caller, id).await?)?;
    let (tenant, now) = (caller.tenant.number, app.clock.now());
    count_test(&app, tenant).await?;
    let test = wire::test(hook.id, now);
    let delivery = test.id;
    relay::announce(&app).await?;
    hooks::add_test(&app.db, tenant, test, now).await?;
    Ok(send(&app, tenant, delivery).await)
}

/// List what an endpoint was told
///
/// The newest first. What has failed can be sent again.
#[utoipa::path(
    get, path = "/v1/hooks/{hook}/deliveries", tag = "hooks",
    params(("hook" = Uuid, Path, description = "The endpoint"), HookDeliveriesPage),
    responses(
        (status = 200, description = "Deliveries", body = HookDeliveriesOut),
        (status = 404, description = "No such endpoint"),
    )
)]
pub(crate) async fn list_hook_deliveries(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Parameters(page): Parameters<HookDeliveriesPage>,
) -> Result<Json<HookDeliveriesOut>, Problem> {
    let hook = find(&app, &caller, id).await?;
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let (tenant, before) = (caller.tenant.number, page.before.map(HookDeliveryId));
    let found = hooks::list_deliveries(&app.db, tenant, hook.id, before, limit).await?;
    let next = app::page::next(&found, limit, |delivery| delivery.id.0);
    let deliveries = found.into_iter().map(HookDeliveryOut::from).collect();
    Ok(Json(HookDeliveriesOut { deliveries, next }))
}

/// Send something to an endpoint again
///
/// Now, whatever became of it, under the same `webhook-id`; and as often as if it were new.
#[utoipa::path(
    post, path = "/v1/hooks/{hook}/deliveries/{delivery}/replay", tag = "hooks",
    params(
        ("hook" = Uuid, Path, description = "The endpoint"),
        ("delivery" = Uuid, Path, description = "What it is to be told again"),
    ),
    responses(
        (status = 202, description = "On its way", body = HookSentOut),
        (status = 404, description = "No such endpoint or delivery"),
        (status = 409, description = "The endpoint is disabled"),
    )
)]
pub(crate) async fn replay_hook_delivery(
    State(app): State<App>,
    caller: Caller,
    Path((id, delivery)): Path<(Uuid, Uuid)>,
) -> Result<(StatusCode, Json<HookSentOut>), Problem> {
    let hook = enabled(find(&app, &caller, id).await?)?;
    let (tenant, delivery) = (caller.tenant.number, HookDeliveryId(delivery));
    relay::announce(&app).await?;
    if !hooks::replay(&app.db, tenant, (hook.id, delivery), app.clock.now()).await? {
        return Err(Problem::not_found("delivery of that id to this endpoint"));
    }
    Ok(send(&app, tenant, delivery).await)
}

fn enabled(hook: Hook) -> Result<Hook, Problem> {
    let told = "the endpoint is disabled; enable it first";
    if hook.enabled { Ok(hook) } else { Err(Problem::new(ProblemCode::Conflict, told)) }
}

/// What is written is on its way: without a message the sweeper finds it.
async fn send(
    app: &App,
    tenant: TenantNumber,
    delivery: HookDeliveryId,
) -> (StatusCode, Json<HookSentOut>) {
    let sent = match serde_json::to_string(&Nudge::Hook { tenant, delivery }) {
        Ok(body) => {
            let message = Outgoing { body, ..Outgoing::default() };
            app.queue.send(QueueName::Hooks, &[message]).await.map_err(|error| chain(&error))
        }
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = sent {
        tracing::warn!(error, "a delivery waits for the sweeper");
    }
    (StatusCode::ACCEPTED, Json(HookSentOut { delivery: delivery.0 }))
}

async fn count_test(app: &App, tenant: TenantNumber) -> Result<(), Problem> {
    let day = app.clock.now().strftime("%Y-%m-%d");
    let key = format!("hook_tests:{tenant}:{day}");
    let sent = app.key_value.add(&key, 1, Some(app.clock.after(COUNTED))).await?;
    if sent <= TESTS {
        return Ok(());
    }
    let told = format!("{TESTS} tests were sent today; try again tomorrow");
    Err(Problem::new(ProblemCode::RateLimited, told))
}
