use app::contact::ContactDocument;
use domain::order::Order;
use domain::tenant::Currency;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A cart, and who buys it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckoutIn {
    /// Which cart.
    pub(crate) cart: Uuid,
    /// Who buys.
    pub(crate) contact: ContactDocument,
}

/// An order, and how to pay it. Amounts are minor units.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckoutOut {
    /// The order.
    order: Uuid,
    /// `open` until it is paid, then `confirmed`; or `expired`, `cancelled`, `review` and on.
    status: &'static str,
    /// Drawn when it is placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    #[schema(value_type = String)]
    currency: Currency,
    total_minor: i64,
    /// What a gift card or store credit pays of it.
    gift_card_minor: i64,
    /// What is left to pay.
    due_minor: i64,
    tax_minor: i64,
    /// Unless it is paid by then, its stock is let go.
    #[schema(value_type = String)]
    expires_at: Timestamp,
    /// Where to ask what became of it.
    status_url: String,
    /// How to pay it, while that can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentOut>,
}

/// A payment that waits for the customer.
#[derive(Serialize, ToSchema)]
struct PaymentOut {
    /// As the provider calls it.
    reference: String,
    /// For the customer's browser, to confirm this one payment.
    client_secret: String,
}

impl CheckoutOut {
    /// `payment` is how the provider calls it, and its secret.
    pub(crate) fn of(order: &Order, payment: Option<(String, String)>) -> Self {
        Self {
            order: order.id.0,
            status: order.status().as_str(),
            number: order.number,
            currency: order.terms.currency,
            total_minor: order.terms.totals.total_minor,
            gift_card_minor: order.spent_minor(),
            due_minor: order.terms.totals.total_minor - order.spent_minor(),
            tax_minor: order.terms.totals.tax_minor,
            expires_at: order.terms.expires_at,
            status_url: format!("/v1/checkout/{}", order.id),
            payment: payment
                .map(|(reference, client_secret)| PaymentOut { reference, client_secret }),
        }
    }
}
