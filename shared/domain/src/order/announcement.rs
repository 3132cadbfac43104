use jiff::Timestamp;

use crate::id::OrderId;

use super::{DisputeState, Event, Order, RefundState, Stored, evolve};

/// What outsiders may be told of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// It is paid, or the payment is certain.
    OrderPlaced,
    /// It was called off.
    OrderCancelled,
    /// Nobody paid in time.
    OrderExpired,
    /// Money was taken.
    PaymentCaptured,
    /// The provider works on a refund.
    RefundPending,
    /// Money went back.
    RefundSucceeded,
    /// Money did not go back, or came again.
    RefundFailed,
    /// A bank may take money back.
    DisputeOpened,
    /// The bank decided for the shop.
    DisputeWon,
    /// The bank decided for the customer.
    DisputeLost,
    /// A parcel is under way.
    FulfillmentShipped,
    /// A parcel arrived.
    FulfillmentDelivered,
    /// Goods came back.
    ReturnReceived,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 13] = [
        Self::OrderPlaced,
        Self::OrderCancelled,
        Self::OrderExpired,
        Self::PaymentCaptured,
        Self::RefundPending,
        Self::RefundSucceeded,
        Self::RefundFailed,
        Self::DisputeOpened,
        Self::DisputeWon,
        Self::DisputeLost,
        Self::FulfillmentShipped,
        Self::FulfillmentDelivered,
        Self::ReturnReceived,
    ];

    /// As outsiders know it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderPlaced => "order.placed",
            Self::OrderCancelled => "order.cancelled",
            Self::OrderExpired => "order.expired",
            Self::PaymentCaptured => "payment.captured",
            Self::RefundPending => "refund.pending",
            Self::RefundSucceeded => "refund.succeeded",
            Self::RefundFailed => "refund.failed",
            Self::DisputeOpened => "dispute.opened",
            Self::DisputeWon => "dispute.won",
            Self::DisputeLost => "dispute.lost",
            Self::FulfillmentShipped => "fulfillment.shipped",
            Self::FulfillmentDelivered => "fulfillment.delivered",
            Self::ReturnReceived => "return.received",
        }
    }

    /// By the name that outsiders know.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == name)
    }
}

/// Something that outsiders are told of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// The event that it tells of.
    pub version: i32,
    /// When that was written.
    pub at: Timestamp,
    /// What.
    pub topic: Topic,
    /// Which payment, refund, dispute, parcel or return it is about, if any.
    pub subject: Option<String>,
    /// How much money it is about, in minor units, if any: of captures the sum so far.
    pub amount_minor: Option<i64>,
    /// The order then.
    pub order: Order,
}

/// What outsiders are told of what happened to an order after a version of it. What a provider
/// says again, or says too late, is no news.
#[must_use]
pub fn announcements(id: OrderId, history: &[Stored], after: i32) -> Vec<Announcement> {
    let mut events = history.iter();
    let first = events.next().and_then(|stored| Order::fold(id, [&stored.event]));
    let Some(mut order) = first else { return vec![] };
    let mut told = vec![];
    for Stored { version, event, recorded_at: at, .. } in events {
        let before = order.clone();
        order = evolve(order, event);
        let news = news(event, &before, &order).filter(|_| *version > after);
        told.extend(news.map(|(topic, subject, amount_minor)| Announcement {
            version: *version,
            at: *at,
            topic,
            subject,
            amount_minor,
            order: order.clone(),
        }));
    }
    told
}

type News = (Topic, Option<String>, Option<i64>);

fn news(event: &Event, before: &Order, after: &Order) -> Option<News> {
    let about = |topic, subject: String| Some((topic, Some(subject), None));
    match event {
        Event::Placed { .. } => Some((Topic::OrderPlaced, None, None)),
        Event::Cancelled { .. } => Some((Topic::OrderCancelled, None, None)),
        Event::Expired { .. } => Some((Topic::OrderExpired, None, None)),
        Event::PaymentCaptured { payment, .. } => {
            let captured = |order: &Order| order.payment(*payment).map(|it| it.captured_minor);
            let sum_minor = captured(after).filter(|_| captured(before) != captured(after))?;
            Some((Topic::PaymentCaptured, Some(payment.to_string()), Some(sum_minor)))
        }
        Event::RefundRecorded { refund, .. } => {
            let now = after.refund(*refund)?;
            let topic = match now.state {
                RefundState::Requested => return None,
                RefundState::Pending => Topic::RefundPending,
                RefundState::Succeeded => Topic::RefundSucceeded,
                RefundState::Failed => Topic::RefundFailed,
            };
            let is_known = before.refund(*refund).is_some_and(|it| it.state == now.state);
            (!is_known).then(|| (topic, Some(refund.to_string()), Some(now.amount_minor)))
        }
        Event::DisputeRecorded(said) => {
            let of = |order: &Order| {
                order.disputes.iter().find(|it| it.reference == said.reference).cloned()
            };
            let now = of(after)?;
            let topic = match now.state {
                DisputeState::Open => Topic::DisputeOpened,
                DisputeState::Won => Topic::DisputeWon,
                DisputeState::Lost => Topic::DisputeLost,
            };
            let is_known = of(before).is_some_and(|it| it.state == now.state);
            (!is_known).then_some((topic, Some(now.reference), Some(now.amount_minor)))
        }
        Event::FulfillmentShipped { fulfillment, .. } => {
            about(Topic::FulfillmentShipped, fulfillment.to_string())
        }
        Event::FulfillmentDelivered { fulfillment } => {
            about(Topic::FulfillmentDelivered, fulfillment.to_string())
        }
        Event::ReturnReceived { returned } => about(Topic::ReturnReceived, returned.to_string()),
        _ => None,
    }
}
