use app::Problem;
use domain::id::{LineId, LocationId, VariantId};
use domain::order::{Pick, Portion, Stored};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::findings::Listed;
use store::orders::Summary;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use self::order::OrderOut;

/// An order, as it is answered.
mod order;

/// What a person writes: 1 to 2,000 characters.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct OrderText(String);

impl OrderText {
    pub(crate) fn checked(self, field: &str) -> Result<String, Problem> {
        if (1..=2_000).contains(&self.0.chars().count()) {
            Ok(self.0)
        } else {
            Err(Problem::invalid(field, "write 1 to 2,000 characters"))
        }
    }
}

/// Why an order is cancelled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelIn {
    #[schema(value_type = String, example = "The customer changed her mind")]
    pub(crate) reason: OrderText,
}

/// Some pieces of a line.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PiecesIn {
    /// The line.
    pub(crate) line: Uuid,
    /// Pieces.
    #[schema(minimum = 1, example = 1)]
    pub(crate) quantity: u32,
}

impl PiecesIn {
    fn portions(pieces: &[Self]) -> Vec<Portion> {
        let portion = |it: &Self| Portion { line: LineId(it.line), quantity: it.quantity };
        pieces.iter().map(portion).collect()
    }
}

/// Pieces to be taken out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReduceIn {
    /// Which.
    lines: Vec<PiecesIn>,
    /// Why.
    #[schema(value_type = String, example = "One was broken")]
    pub(crate) reason: OrderText,
}

impl ReduceIn {
    pub(crate) fn portions(&self) -> Vec<Portion> {
        PiecesIn::portions(&self.lines)
    }
}

/// How much is taken.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AmountIn {
    /// Of which payment; the only one unless given.
    pub(crate) payment: Option<Uuid>,
    /// In minor units; what was authorized unless given.
    #[schema(minimum = 1)]
    pub(crate) amount_minor: Option<i64>,
}

/// What is let go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoidIn {
    /// Which payment; the only one unless given.
    pub(crate) payment: Option<Uuid>,
}

/// How much goes back, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundIn {
    /// Of which payment; the only one unless given.
    pub(crate) payment: Option<Uuid>,
    /// In minor units; all that is left unless given.
    #[schema(minimum = 1, example = 500)]
    pub(crate) amount_minor: Option<i64>,
    /// Why.
    #[schema(value_type = String, example = "It came late")]
    pub(crate) reason: OrderText,
}

/// Whether a person looks at an order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewIn {
    /// `hold` stops packing, sending and capturing; `clear` lets it go on.
    pub(crate) step: ReviewStep,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReviewStep {
    Hold,
    Clear,
}

/// What is written down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteIn {
    #[schema(value_type = String, example = "Called: wants it gift-wrapped")]
    pub(crate) text: OrderText,
}

/// Goods that are to come back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnIn {
    /// Which.
    lines: Vec<PiecesIn>,
    /// Why.
    #[schema(value_type = String, example = "Too small")]
    pub(crate) reason: OrderText,
}

impl ReturnIn {
    pub(crate) fn portions(&self) -> Vec<Portion> {
        PiecesIn::portions(&self.lines)
    }
}

/// Whether goods may come back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnAnswerIn {
    pub(crate) answer: ReturnAnswer,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReturnAnswer {
    Approve,
    Reject,
    Cancel,
}

/// What goes back on which shelf.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiveIn {
    /// What can be sold again; nothing unless given.
    #[serde(default)]
    restock: Vec<RestockIn>,
}

/// Pieces of a variant for a shelf.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestockIn {
    /// Of what.
    variant: Uuid,
    /// Where to.
    location: Uuid,
    /// Pieces.
    #[schema(minimum = 1)]
    quantity: u32,
}

impl ReceiveIn {
    pub(crate) fn picks(&self) -> Vec<Pick> {
        let pick = |it: &RestockIn| Pick {
            variant: VariantId(it.variant),
            location: LocationId(it.location),
            quantity: it.quantity,
        };
        self.restock.iter().map(pick).collect()
    }
}

/// What is sent for what comes back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExchangeIn {
    /// Which goods.
    lines: Vec<ExchangeLineIn>,
}

/// Pieces of a variant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExchangeLineIn {
    /// Of what.
    variant: Uuid,
    /// Pieces.
    #[schema(minimum = 1, example = 1)]
    quantity: u32,
}

impl ExchangeIn {
    pub(crate) fn pieces(&self) -> Vec<(VariantId, u32)> {
        self.lines.iter().map(|line| (VariantId(line.variant), line.quantity)).collect()
    }
}

/// Part of the list of orders.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrdersOut {
    pub(crate) orders: Vec<OrderSummaryOut>,
    /// For `before` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// An order, as lists show it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderSummaryOut {
    id: Uuid,
    /// Once it is placed.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    status: String,
    payment_status: String,
    fulfillment_status: String,
    is_disputed: bool,
    currency: String,
    total_minor: i64,
    country: String,
    /// Who buys, until that is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[schema(value_type = String)]
    opened_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    placed_at: Option<Timestamp>,
}

impl From<Summary> for OrderSummaryOut {
    fn from(it: Summary) -> Self {
        Self {
            id: it.id.0,
            number: it.number,
            status: it.status,
            payment_status: it.payment_status,
            fulfillment_status: it.fulfillment_status,
            is_disputed: it.is_disputed,
            currency: it.currency,
            total_minor: it.total_minor,
            country: it.country,
            name: it.name,
            email: it.email,
            opened_at: it.opened_at,
            placed_at: it.placed_at,
        }
    }
}

/// All that happened to an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryOut {
    pub(crate) events: Vec<OrderEventOut>,
}

/// Something that happened to an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderEventOut {
    /// Its place, from 1.
    version: i32,
    /// What, and in which shape it is told.
    #[schema(example = "payment.captured.v1")]
    kind: String,
    /// The rest of it.
    #[schema(value_type = Object)]
    body: Value,
    /// By whom: `key:…`, `stripe`, `system`, `payments`.
    actor: String,
    /// In which request, or by which event of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[schema(value_type = String)]
    recorded_at: Timestamp,
}

impl TryFrom<Stored> for OrderEventOut {
    type Error = serde_json::Error;

    fn try_from(stored: Stored) -> Result<Self, serde_json::Error> {
        let (kind, body) = stored.event.to_wire()?;
        let Stored { version, actor, request_id, recorded_at, .. } = stored;
        Ok(Self { version, kind, body, actor, request_id, recorded_at })
    }
}

/// The invoice of an order.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvoiceOut {
    /// 1, 2, 3 … without a gap.
    pub(crate) number: i64,
    #[schema(value_type = String)]
    pub(crate) issued_at: Timestamp,
    /// Where it is to be read and printed.
    pub(crate) url: String,
}

/// Payments that no order accounts for.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentFindingsOut {
    pub(crate) findings: Vec<PaymentFindingOut>,
}

/// A payment that no order accounts for.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentFindingOut {
    /// At which provider.
    #[schema(example = "stripe")]
    gateway: String,
    /// As the provider calls it.
    reference: String,
    currency: String,
    amount_minor: i64,
    /// `no_order`: it was paid, and there is no such order. `duplicate`: it was made once more,
    /// and goes back. `missing`: an order waits for it, and the provider does not know it.
    #[schema(example = "no_order")]
    wrong: String,
    #[schema(value_type = String)]
    found_at: Timestamp,
    /// When it went back, or was called off; absent while a person has to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    settled_at: Option<Timestamp>,
}

impl From<Listed> for PaymentFindingOut {
    fn from(it: Listed) -> Self {
        let Listed { gateway, reference, currency, amount_minor, wrong, found_at, settled_at } = it;
        Self { gateway, reference, currency, amount_minor, wrong, found_at, settled_at }
    }
}
