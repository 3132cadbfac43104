use std::collections::HashMap;

use jiff::Timestamp;

use crate::batch::{Batch, Row, SeriesKey, Value};
use crate::id::OrderId;
use crate::metric::{MetricName, Tags, limit, to_millisecond};
use crate::order::{Capture, Ended, Event, Line, Order, RefundState, Stored, evolve};
use crate::tenant::Currency;

use super::StandardMetric;

/// What a shop did, as points. Each has an id that follows from what happened, so that the same
/// told twice is written once.
#[derive(Debug, Default)]
pub struct Trade {
    batch: Batch,
    series: HashMap<(StandardMetric, Tags), u32>,
}

impl Trade {
    /// Adds a point. Tags without a value, or with one that no tag may have, are left out.
    pub fn push(
        &mut self,
        metric: StandardMetric,
        tags: &[(&str, &str)],
        (at, id): (Timestamp, String),
        value: f64,
    ) {
        let fits = |value: &str| {
            (1..=limit::TAG_VALUE_BYTES).contains(&value.len())
                && !value.chars().any(char::is_control)
        };
        let tags = tags.iter().filter(|(_, value)| fits(value));
        let tags = Tags(tags.map(|(key, value)| ((*key).into(), (*value).into())).collect());
        // The names of our own metrics are names.
        let Ok(name) = MetricName::parse(metric.name()) else { return };
        let batch = &mut self.batch;
        let series = *self.series.entry((metric, tags.clone())).or_insert_with(|| {
            batch.series.push(SeriesKey { metric: name, tags, kind: None, unit: None });
            count(batch.series.len() - 1)
        });
        batch.rows.push(Row {
            index: count(batch.rows.len()),
            series,
            at: to_millisecond(at),
            is_undated: false,
            value: Value::Number(value),
            id: Some(id),
        });
    }

    /// The points.
    #[must_use]
    pub fn into_batch(self) -> Batch {
        self.batch
    }
}

/// What happened to an order after a version of it, as points. What counts as sold is what was
/// agreed, without tax, from the moment the order is placed; what is certain not to be paid, or
/// goes back, is refunded, by the same share. Money of another currency than the shop's counts as
/// orders and units, and not as money.
#[must_use]
pub fn of_order(
    id: OrderId,
    history: &[Stored],
    after: i32,
    (currency, is_returning): (Currency, bool),
) -> Trade {
    let mut trade = Trade::default();
    let mut events = history.iter();
    let first = events.next().and_then(|stored| Order::fold(id, [&stored.event]));
    let Some(mut order) = first else { return trade };
    let customer = if is_returning { "returning" } else { "new" };
    for stored in events {
        let lost_before = lost_net_minor(&order);
        order = evolve(order, &stored.event);
        if stored.version <= after {
            continue;
        }
        let point =
            Point { order: &order, customer, stored, is_ours: order.terms.currency == currency };
        match &stored.event {
            Event::Placed { .. } => point.sold(&mut trade),
            Event::ReturnReceived { .. } => {
                point.push(&mut trade, StandardMetric::Returns, "", 1.0)
            }
            _ => {}
        }
        let lost = lost_net_minor(&order) - lost_before;
        if lost != 0 && order.is_placed() {
            point.money(&mut trade, StandardMetric::Refunds, "", lost);
        }
    }
    trade
}

/// What a point says of its order.
struct Point<'a> {
    order: &'a Order,
    customer: &'a str,
    stored: &'a Stored,
    is_ours: bool,
}

impl Point<'_> {
    fn sold(&self, trade: &mut Trade) {
        use StandardMetric as M;
        let terms = &self.order.terms;
        self.push(trade, M::Orders, "", 1.0);
        for line in &terms.lines {
            let part = line.id.to_string();
            self.money(trade, M::Revenue, &part, line.net_minor);
            self.push(trade, M::Units, &part, line.quantity.into());
            self.of_product(trade, M::ProductUnits, line, line.quantity.into());
            if self.is_ours {
                self.of_product(trade, M::ProductRevenue, line, line.net_minor as f64);
            }
        }
        if let Some(delivery) = &terms.delivery {
            self.money(trade, M::Revenue, "delivery", delivery.net_minor);
        }
    }

    fn money(&self, trade: &mut Trade, metric: StandardMetric, part: &str, amount_minor: i64) {
        if self.is_ours {
            // Amounts of an order are far below 2^53.
            self.push(trade, metric, part, amount_minor as f64);
        }
    }

    fn push(&self, trade: &mut Trade, metric: StandardMetric, part: &str, value: f64) {
        let terms = &self.order.terms;
        let tags = [
            ("country", terms.country.as_str()),
            ("channel", terms.channel.as_str()),
            ("customer", self.customer),
        ];
        trade.push(metric, &tags, self.named(metric, part), value);
    }

    fn of_product(&self, trade: &mut Trade, metric: StandardMetric, line: &Line, value: f64) {
        let category = line.categories.first().map_or("", String::as_str);
        let tags = [("sku", line.sku.as_str()), ("category", category)];
        trade.push(metric, &tags, self.named(metric, &line.id.to_string()), value);
    }

    fn named(&self, metric: StandardMetric, part: &str) -> (Timestamp, String) {
        let Stored { version, recorded_at, .. } = self.stored;
        let id = format!("order:{}:{version}:{}:{part}", self.order.id, metric.name());
        (*recorded_at, id)
    }
}

/// What will not be paid, or has gone back, as a share of what was agreed without tax. The share
/// of the sum is taken, so that parts add up to the whole.
fn lost_net_minor(order: &Order) -> i64 {
    let totals = &order.terms.totals;
    let succeeded = order.refunds.iter().filter(|it| it.state == RefundState::Succeeded);
    let money: i64 = succeeded.map(|refund| refund.amount_minor).sum();
    let back = money + order.spent_minor() - order.kept_credit_minor();
    let captured = order.captured_minor();
    let is_settled = order.terms.capture == Capture::Manual && captured > 0;
    let unpaid = if order.ended == Some(Ended::Cancelled) || is_settled {
        (totals.total_minor - captured - order.spent_minor()).max(0)
    } else {
        0
    };
    let lost = i128::from((back + unpaid).min(totals.total_minor));
    let share = lost * i128::from(totals.net_minor) / i128::from(totals.total_minor.max(1));
    i64::try_from(share).unwrap_or(totals.net_minor)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
