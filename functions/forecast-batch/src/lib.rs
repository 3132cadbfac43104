//! Forecasts one metric from its complete days.
//!
//! - Trigger: queue `forecasts`.
//! - Reads: the tenant's calendar, the metric, its days.
//! - Writes: the forecast with its intervals and measured error, or why there is none.
//! - Emits: nothing.
//! - On failure: delivered again; a forecast from the same day takes the place of the first.
//!   A message of an unknown metric is given up.

use app::{App, Delivery, Failure, Function, Role, Trigger, Uses};
use domain::calendar::Grain;
use domain::forecast::{Outlook, daily};
use domain::id::{ForecastId, TenantNumber};
use domain::message::{ForecastMessage, QueueName};
use domain::metric::Aggregation;
use domain::question::{self, Frame, Reading};
use domain::tenant::Tenant;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use store::forecasts::{self, Made};
use store::metrics::Metric;
use store::queries::{self, Question};
use store::{access, metrics};
use takings_forecast::DAYS_MAX;

mod outlook;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "forecast-batch",
        trigger: Trigger::queue(QueueName::Forecasts, forecast_metric),
        uses: Uses { postgres: Some(Role::App), ..Uses::default() },
    }
}

/// The message speaks of what is not there.
#[derive(Debug, thiserror::Error)]
enum Gone {
    #[error("there is no tenant {0}")]
    Tenant(TenantNumber),
    #[error("the tenant has no metric `{0}`")]
    Metric(String),
}

async fn forecast_metric(app: App, delivery: Delivery) -> Result<(), Failure> {
    let message = serde_json::from_str(&delivery.body).map_err(Failure::discard)?;
    let ForecastMessage::Metric { tenant: number, metric: name, now } = message;
    tracing::Span::current().record("tenant", number.0);
    let tenant = access::tenant_by_number(&app.db, number)
        .await?
        .ok_or_else(|| Failure::discard(Gone::Tenant(number)))?;
    let found = metrics::find(&app.db, number, &[name.as_str()]).await?;
    let metric = found.into_iter().next().ok_or_else(|| Failure::discard(Gone::Metric(name)))?;
    let (id, origin) = (metric.id, tenant.calendar.zone.date(now));
    let outlook = match daily(metric.declaration.aggregation) {
        Some(aggregation) => {
            let days = complete_days(&app, &tenant, metric, aggregation, now).await?;
            outlook::of(&days, origin)
        }
        None => Outlook::Refused {
            reason: "its days do not add up, so their forecast would say little".to_owned(),
        },
    };
    let made = Made { metric: id, origin, made_at: app.clock.now(), outlook: &outlook };
    let forecast = ForecastId(uuid::Uuid::now_v7());
    Ok(forecasts::keep(&app.db, number, forecast, &made).await?)
}

/// The figures of the days that are over, from the first with points on.
async fn complete_days(
    app: &App,
    tenant: &Tenant,
    metric: Metric,
    aggregation: Aggregation,
    now: Timestamp,
) -> Result<Vec<Option<f64>>, Failure> {
    let zone = &tenant.calendar.zone;
    let today = zone.date(now);
    let (from, to) = (zone.start_of_day(days_before(today)), zone.start_of_day(today));
    let frame = Frame {
        calendar: tenant.calendar.clone(),
        range: domain::calendar::Range::new(from, to).map_err(Failure::discard)?,
        grain: Some(Grain::Day),
        only_complete: true,
        comparison: None,
        now,
    };
    let windows = frame.windows(DAYS_MAX + 1).map_err(Failure::discard)?;
    let slots = windows.main.slots.clone();
    let gap = question::gap(metric.declaration.gap, aggregation, None).map_err(Failure::discard)?;
    let reading = Reading::Aggregate(aggregation);
    let of = std::sync::Arc::new(metric);
    let question = Question { of, by: None, reading, gap, filter: None, group_by: None, windows };
    let answered = queries::ask(&app.db, tenant, &[question]).await?.remove(0);
    let Some(first_day) = answered.first_day else { return Ok(vec![]) };
    Ok(slots
        .iter()
        .zip(answered.answer.whole.values)
        .filter(|(slot, _)| slot.start >= first_day)
        .map(|(_, value)| value.value)
        .collect())
}

/// The first day that a forecast looks at.
fn days_before(today: Date) -> Date {
    let days = i64::try_from(DAYS_MAX).unwrap_or(i64::MAX / 24);
    today.saturating_sub(SignedDuration::from_hours(24 * days))
}
