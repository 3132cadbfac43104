use domain::id::OrderId;
use domain::order::Announcement;
use jiff::Timestamp;
use serde::Serialize;

/// What an endpoint is sent. No personal data is in it: whoever wants more asks for the order.
#[derive(Serialize)]
struct EventOut<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: OrderNews<'a>,
}

/// The order as the event left it.
#[derive(Serialize)]
struct OrderNews<'a> {
    order: OrderId,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    /// Its place in the history of the order: what comes late is told by it.
    sequence: i32,
    status: &'static str,
    payment_status: &'static str,
    fulfillment_status: &'static str,
    currency: &'a str,
    total_minor: i64,
    captured_minor: i64,
    /// Which payment, refund, dispute, parcel or return it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    /// How much that is, of captures the sum so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_minor: Option<i64>,
}

/// The body of an event.
pub(crate) fn body(told: &Announcement) -> Result<String, serde_json::Error> {
    let order = &told.order;
    serde_json::to_string(&EventOut {
        r#type: told.topic.as_str(),
        timestamp: told.at,
        data: OrderNews {
            order: order.id,
            number: order.number,
            sequence: told.version,
            status: order.status().as_str(),
            payment_status: order.payment_status().as_str(),
            fulfillment_status: order.fulfillment_status().as_str(),
            currency: order.terms.currency.code(),
            total_minor: order.terms.totals.total_minor,
            captured_minor: order.captured_minor(),
            subject: told.subject.as_deref(),
            amount_minor: told.amount_minor,
        },
    })
}

/// As receivers know the event: the same at every endpoint.
pub(crate) fn message(told: &Announcement) -> String {
    format!("evt_{}_{}", told.order.id.0.simple(), told.version)
}
