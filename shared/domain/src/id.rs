use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! identifiers {
    ($($(#[doc = $doc:literal])+ $name:ident),+ $(,)?) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

identifiers! {
    /// A tenant, as the world outside knows it.
    TenantId,
    /// A machine credential of a tenant.
    ApiKeyId,
    /// One accepted request whose verdicts can be read later.
    ReceiptId,
    /// One refused row, kept for repair.
    QuarantineId,
    /// One file of history.
    ImportId,
    /// A schedule of a report.
    ReportId,
    /// One due sending of a report.
    OccurrenceId,
    /// One recipient of an occurrence.
    DeliveryId,
    /// One run of a forecast for a metric.
    ForecastId,
    /// What a shop sells.
    ProductId,
    /// A product in one size, color or the like: the thing with a SKU.
    VariantId,
    /// A place where stock is kept.
    LocationId,
    /// What a customer is about to buy.
    CartId,
    /// A line of a cart, and of the order that it becomes.
    LineId,
    /// An order, from checkout on.
    OrderId,
    /// One payment of an order.
    PaymentId,
    /// Money on its way back.
    RefundId,
    /// A parcel of an order.
    FulfillmentId,
    /// Goods on their way back.
    ReturnId,
    /// The personal data of an order.
    ContactId,
    /// A discount code.
    DiscountId,
    /// A way to get there.
    ShippingOptionId,
    /// A gift card, or credit of a customer.
    CreditId,
    /// An endpoint of a shop that is told of events.
    HookId,
    /// One event on its way to one endpoint.
    HookDeliveryId,
    /// A human being with an account.
    PersonId,
    /// Where a person is logged in.
    SessionId,
    /// What a letter allows its reader once.
    CodeId,
    /// Somebody asked into a team.
    InvitationId,
}

/// A tenant, as the database knows it: four bytes in every row, so isolation costs no space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantNumber(pub i32);

impl fmt::Display for TenantNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
