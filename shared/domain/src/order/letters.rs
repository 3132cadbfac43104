use crate::id::{FulfillmentId, OrderId, RefundId};

use super::{Event, Order, RefundState, Stored, evolve};

/// What a customer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The order is placed.
    Confirmed,
    /// A parcel is under way.
    Shipped(FulfillmentId),
    /// Money went back.
    Refunded(RefundId),
}

/// A letter that a customer is owed.
#[derive(Clone, Debug, PartialEq)]
pub struct Owed {
    /// The event that it tells of.
    pub version: i32,
    /// What.
    pub news: News,
    /// The order then.
    pub order: Order,
}

impl News {
    /// In snake case, as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Shipped(_) => "shipped",
            Self::Refunded(_) => "refunded",
        }
    }
}

/// The letters that are owed for what happened to an order after a version of it. A refund of an
/// order that was never placed is told too: its customer was charged.
#[must_use]
pub fn letters(id: OrderId, history: &[Stored], after: i32) -> Vec<Owed> {
    let mut events = history.iter();
    let first = events.next().and_then(|stored| Order::fold(id, [&stored.event]));
    let Some(mut order) = first else { return vec![] };
    let mut owed = vec![];
    for Stored { version, event, .. } in events {
        let news = match event {
            Event::Placed { .. } => Some(News::Confirmed),
            Event::FulfillmentShipped { fulfillment, .. } => Some(News::Shipped(*fulfillment)),
            Event::RefundRecorded { refund, state: RefundState::Succeeded, .. } => {
                let told =
                    order.refund(*refund).is_some_and(|it| it.state >= RefundState::Succeeded);
                (!told).then_some(News::Refunded(*refund))
            }
            _ => None,
        };
        order = evolve(order, event);
        if let Some(news) = news.filter(|_| *version > after) {
            owed.push(Owed { version: *version, news, order: order.clone() });
        }
    }
    owed
}
