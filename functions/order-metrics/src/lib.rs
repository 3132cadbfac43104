//! Measures what a shop does.
//!
//! - Trigger: queue `sales`, in any order.
//! - Reads: orders from where it had read them, stock, carts.
//! - Writes: points; how far it has read.
//! - Emits: nothing.
//! - On failure: the nudge is delivered again. Points have ids that follow from what happened, so
//!   that the same is counted once.

use app::{App, Delivery, Failure, Function, Role, Trigger, Uses};
use domain::batch::{Batch, Verdict};
use domain::id::{OrderId, ReceiptId, TenantNumber, VariantId};
use domain::message::{Nudge, QueueName};
use domain::order::Event;
use domain::sales::{self, StandardMetric, Trade};
use domain::tenant::Tenant;
use jiff::{SignedDuration, Timestamp};
use store::arrivals::{self, Arrival, Recorded};
use store::metrics::{self, Unfit};
use store::{access, carts, orders, receipts, stock};

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "order-metrics",
        trigger: Trigger::queue(QueueName::Sales, measure),
        uses: Uses { postgres: Some(Role::App), ..Uses::default() },
    }
}

/// Nobody has touched a cart for so long that it is taken for abandoned.
const ABANDONED: SignedDuration = SignedDuration::from_hours(24);

/// Why something is not measured.
#[derive(Debug, thiserror::Error)]
enum NotMeasured {
    #[error("there is no tenant {0}")]
    NoSuchTenant(TenantNumber),
    #[error("{0}; its points cannot be written before that changes")]
    Metrics(#[from] Unfit),
    #[error("the points of {0} were refused")]
    Refused(&'static str),
    #[error("nobody measures what is on its way to an endpoint")]
    NothingSold,
}

async fn measure(app: App, delivery: Delivery) -> Result<(), Failure> {
    let nudge: Nudge = serde_json::from_str(&delivery.body).map_err(Failure::discard)?;
    let (Nudge::Order { tenant, .. }
    | Nudge::Stock { tenant, .. }
    | Nudge::Carts { tenant, .. }
    | Nudge::Hook { tenant, .. }) = nudge;
    tracing::Span::current().record("tenant", tenant.0);
    let found = access::tenant_by_number(&app.db, tenant).await?;
    let tenant = found.ok_or_else(|| Failure::discard(NotMeasured::NoSuchTenant(tenant)))?;
    let shop = Shop { app: &app, tenant };
    match nudge {
        Nudge::Order { order, .. } => shop.order(order).await,
        Nudge::Stock { variant, .. } => shop.stock(&[variant]).await,
        Nudge::Carts { from, to, .. } => shop.carts(from, to).await,
        Nudge::Hook { .. } => Err(Failure::discard(NotMeasured::NothingSold)),
    }
}

struct Shop<'a> {
    app: &'a App,
    tenant: Tenant,
}

impl Shop<'_> {
    async fn order(&self, id: OrderId) -> Result<(), Failure> {
        let (db, tenant) = (&self.app.db, self.tenant.number);
        let followed = orders::follow(db, tenant, QueueName::Sales, id).await?;
        let Some(last) = followed.history.last().map(|stored| stored.version) else {
            return Ok(());
        };
        let (history, read) = (&followed.history, followed.read);
        let is_returning = last > read && orders::is_returning(db, tenant, id).await?;
        let of = (self.tenant.currency, is_returning);
        let trade = sales::of_order(id, history, read, of);
        self.write("an order", (id.0.as_bytes(), last), trade).await?;
        let news = history.iter().filter(|stored| stored.version > read);
        let moved = news.filter_map(|stored| match &stored.event {
            Event::FulfillmentShipped { picks, .. } | Event::StockRestocked { picks } => {
                Some(picks)
            }
            _ => None,
        });
        let mut moved: Vec<VariantId> = moved.flatten().map(|pick| pick.variant).collect();
        moved.sort_unstable();
        moved.dedup();
        self.stock(&moved).await?;
        Ok(orders::followed(db, tenant, QueueName::Sales, (id, last)).await?)
    }

    async fn stock(&self, variants: &[VariantId]) -> Result<(), Failure> {
        if variants.is_empty() {
            return Ok(());
        }
        for counted in stock::counted(&self.app.db, self.tenant.number, variants).await? {
            let mut trade = Trade::default();
            let id = format!("stock:{}:{}", counted.variant, counted.movement);
            let tags = [("sku", counted.sku.as_str())];
            // Pieces are far below 2^53.
            let (at, value) = ((counted.at, id.clone()), counted.on_hand as f64);
            trade.push(StandardMetric::StockOnHand, &tags, at, value);
            if let Some(is_low) = counted.is_low {
                let at = (counted.at, format!("{id}:low"));
                trade.push(StandardMetric::LowStock, &tags, at, f64::from(u8::from(is_low)));
            }
            let movement = counted.movement.to_be_bytes();
            let of = [&counted.variant.0.as_bytes()[..], &movement].concat();
            self.write("stock", (&of, 0), trade).await?;
        }
        Ok(())
    }

    /// A cart counts when it was made; one that nobody has touched since, a day after that.
    async fn carts(&self, from: Timestamp, to: Timestamp) -> Result<(), Failure> {
        let mut trade = Trade::default();
        for cart in carts::passed(&self.app.db, self.tenant.number, (from, to)).await? {
            let tags = [("country", cart.country.as_str()), ("channel", cart.channel.as_str())];
            let made = (cart.created_at, format!("cart:{}:made", cart.id));
            trade.push(StandardMetric::Carts, &tags, made, 1.0);
            if cart.is_open {
                let left = (cart.updated_at + ABANDONED, format!("cart:{}:left", cart.id));
                trade.push(StandardMetric::AbandonedCarts, &tags, left, 1.0);
            }
        }
        let last = i32::try_from(to.as_second() / 60).unwrap_or(i32::MAX);
        self.write("carts", (b"carts", last), trade).await
    }

    /// Writes points, under a receipt that follows from what they are of.
    async fn write(
        &self,
        what: &'static str,
        (of, version): (&[u8], i32),
        trade: Trade,
    ) -> Result<(), Failure> {
        let batch = trade.into_batch();
        if batch.rows.is_empty() {
            return Ok(());
        }
        self.declare(&batch).await?;
        let receipt = receipts::digest(&[b"order-metrics", of, &version.to_be_bytes()]);
        let arrival = Arrival {
            tenant: &self.tenant,
            batch: &batch,
            receipt: ReceiptId(receipt),
            part: None,
            body_hash: receipt,
            received_at: self.app.clock.now(),
            repairs: None,
        };
        let Recorded::Now(outcome) = arrivals::record(&self.app.db, &arrival).await? else {
            return Ok(());
        };
        let refused = outcome.rows.iter().any(|row| matches!(row.verdict, Verdict::Rejected(..)));
        if refused { Err(Failure::discard(NotMeasured::Refused(what))) } else { Ok(()) }
    }

    /// Declares the metrics of a batch, unless this process knows them.
    async fn declare(&self, batch: &Batch) -> Result<(), Failure> {
        let (db, tenant) = (&self.app.db, self.tenant.number);
        let is_wanted = |metric: &StandardMetric| {
            let name = metric.name();
            batch.series.iter().any(|series| series.metric.as_str() == name)
                && db.dictionary().metric(tenant, name).is_none()
        };
        let wanted = StandardMetric::ALL.into_iter().filter(is_wanted);
        let wanted: Vec<_> = wanted
            .map(|metric| (metric.name(), metric.declaration(self.tenant.currency)))
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let stand = metrics::ensure(db, tenant, &wanted).await?;
        stand.map(drop).map_err(|error| Failure::discard(NotMeasured::from(error)))
    }
}
