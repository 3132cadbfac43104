//! Counts what is bought together in a shop.
//!
//! - Trigger: queue `recommendations`.
//! - Reads: the newest orders of the last year, with the products in them.
//! - Writes: what goes with each product, and what is bought most, in place of the last count.
//! - Emits: nothing.
//! - On failure: delivered again; a count is of orders alone, so that the same orders are counted
//!   to the same, however often. A message of an unknown tenant is given up.

use app::{App, Delivery, Failure, Function, Role, Trigger, Uses};
use domain::id::TenantNumber;
use domain::message::{QueueName, RecommendationMessage};
use domain::recommendation::{self, ORDERS_COUNTED};
use store::access;
use store::recommendations::{self, Basket};

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "recommendation-batch",
        trigger: Trigger::queue(QueueName::Recommendations, count),
        uses: Uses { postgres: Some(Role::App), ..Uses::default() },
    }
}

/// Orders that are read at once: a fraction of a second.
const AT_ONCE: usize = 2_000;

/// The message speaks of what is not there.
#[derive(Debug, thiserror::Error)]
#[error("there is no tenant {0}")]
struct NoSuchTenant(TenantNumber);

async fn count(app: App, delivery: Delivery) -> Result<(), Failure> {
    let message = serde_json::from_str(&delivery.body).map_err(Failure::discard)?;
    let RecommendationMessage::Count { tenant } = message;
    tracing::Span::current().record("tenant", tenant.0);
    let found = access::tenant_by_number(&app.db, tenant).await?;
    found.ok_or_else(|| Failure::discard(NoSuchTenant(tenant)))?;
    let now = app.clock.now();
    let mut orders = vec![];
    let mut last: Option<Basket> = None;
    while orders.len() < ORDERS_COUNTED {
        let wanted = AT_ONCE.min(ORDERS_COUNTED - orders.len());
        let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
        let page = recommendations::baskets(&app.db, tenant, now, last.as_ref(), limit).await?;
        let is_last = page.len() < wanted;
        last = page.last().cloned().or(last);
        orders.extend(page.into_iter().map(|basket| basket.products));
        if is_last {
            break;
        }
    }
    let counted = recommendation::count(&orders);
    Ok(recommendations::keep(&app.db, tenant, &counted, now).await?)
}
