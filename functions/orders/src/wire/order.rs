use app::contact::ContactDocument;
use domain::order::{
    Delivered, Dispute, DisputeState, Fulfillment, FulfillmentState, Line, Order, Payment,
    Progress, Refund, RefundState, Report, Return, ReturnState, ReviewReason, Spending, Totals,
};
use domain::parcel::Stage;
use domain::tenant::Currency;
use jiff::Timestamp;
use serde::Serialize;
use store::checkout::Contact;
use utoipa::ToSchema;
use uuid::Uuid;

/// An order. Amounts are minor units of `currency`.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderOut {
    id: Uuid,
    /// How many events it has.
    version: i32,
    /// Drawn when it is placed: 1, 2, 3 … without a gap.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    /// `open`, `confirmed`, `completed`, `cancelled`, `expired` or `review`.
    status: &'static str,
    /// `none`, `pending`, `authorized`, `part_captured`, `captured`, `part_refunded`, `refunded`,
    /// `voided` or `failed`.
    payment_status: &'static str,
    /// `none`, `partial`, `shipped`, `delivered`, `part_returned` or `returned`.
    fulfillment_status: &'static str,
    /// A bank took money back, or may.
    is_disputed: bool,
    /// What a person has to look at: `payment_mismatch`, `fraud_warning`, `payment_voided` or
    /// `manual`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    review: Option<ReviewReason>,
    #[schema(value_type = String)]
    currency: Currency,
    country: String,
    channel: String,
    /// Who buys, until that is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<ContactDocument>,
    lines: Vec<OrderLineOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<OrderDeliveryOut>,
    totals: OrderTotalsOut,
    payments: Vec<OrderPaymentOut>,
    /// What a gift card or store credit pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    gift_card: Option<OrderGiftCardOut>,
    refunds: Vec<OrderRefundOut>,
    disputes: Vec<OrderDisputeOut>,
    fulfillments: Vec<OrderFulfillmentOut>,
    returns: Vec<OrderReturnOut>,
    /// Unless it is paid by then, its stock is let go.
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

/// A line of an order. Amounts are for the whole line.
#[derive(Serialize, ToSchema)]
struct OrderLineOut {
    id: Uuid,
    product: Uuid,
    variant: Uuid,
    /// As it was called then.
    sku: String,
    title: String,
    quantity: u32,
    /// Pieces that were taken out before they were packed.
    reduced: u32,
    unit_price_minor: i64,
    discount_minor: i64,
    net_minor: i64,
    tax_minor: i64,
    /// The return in whose place it is sent, for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<Uuid>,
}

/// How an order gets there.
#[derive(Serialize, ToSchema)]
struct OrderDeliveryOut {
    name: String,
    net_minor: i64,
    tax_minor: i64,
}

/// What an order comes to.
#[derive(Serialize, ToSchema)]
struct OrderTotalsOut {
    subtotal_minor: i64,
    discount_minor: i64,
    delivery_minor: i64,
    net_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    captured_minor: i64,
    /// On its way back, or back.
    refunding_minor: i64,
}

/// A payment.
#[derive(Serialize, ToSchema)]
struct OrderPaymentOut {
    id: Uuid,
    /// As the provider calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    amount_minor: i64,
    authorized_minor: i64,
    captured_minor: i64,
    /// What may still be refunded.
    refundable_minor: i64,
    is_voided: bool,
    /// Why the last attempt failed, in the provider's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// What a gift card or store credit pays of an order.
#[derive(Serialize, ToSchema)]
struct OrderGiftCardOut {
    id: Uuid,
    spent_minor: i64,
    /// What went back to it.
    returned_minor: i64,
}

/// Money on its way back.
#[derive(Serialize, ToSchema)]
struct OrderRefundOut {
    id: Uuid,
    payment: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    amount_minor: i64,
    /// `requested`, `pending`, `succeeded` or `failed`.
    #[schema(value_type = String)]
    state: RefundState,
}

/// What a bank took back, or may.
#[derive(Serialize, ToSchema)]
struct OrderDisputeOut {
    reference: String,
    payment: Uuid,
    amount_minor: i64,
    /// `open`, `won` or `lost`.
    #[schema(value_type = String)]
    state: DisputeState,
}

/// A parcel.
#[derive(Serialize, ToSchema)]
struct OrderFulfillmentOut {
    id: Uuid,
    /// `created`, `shipped`, `delivered` or `cancelled`.
    #[schema(value_type = String)]
    state: FulfillmentState,
    lines: Vec<OrderPiecesOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<String>,
    /// What its carrier said of it before it arrived, in that order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reports: Vec<OrderParcelReportOut>,
}

/// How far a parcel is, and since when.
#[derive(Serialize, ToSchema)]
struct OrderParcelReportOut {
    /// `in_transit`, `out_for_delivery`, `ready_for_pickup`, `failed` or `returned`.
    #[schema(value_type = String)]
    stage: Stage,
    #[schema(value_type = String)]
    at: Timestamp,
}

/// Goods on their way back.
#[derive(Serialize, ToSchema)]
struct OrderReturnOut {
    id: Uuid,
    /// `requested`, `approved`, `rejected`, `received` or `cancelled`.
    #[schema(value_type = String)]
    state: ReturnState,
    lines: Vec<OrderPiecesOut>,
}

/// Some pieces of a line.
#[derive(Serialize, ToSchema)]
struct OrderPiecesOut {
    line: Uuid,
    quantity: u32,
}

impl OrderOut {
    pub(crate) fn of(order: &Order, contact: Option<Contact>) -> Self {
        let terms = &order.terms;
        Self {
            id: order.id.0,
            version: order.version,
            number: order.number,
            status: order.status().as_str(),
            payment_status: order.payment_status().as_str(),
            fulfillment_status: order.fulfillment_status().as_str(),
            is_disputed: order.is_disputed(),
            review: order.review,
            currency: terms.currency,
            country: terms.country.clone(),
            channel: terms.channel.clone(),
            contact: contact.map(Into::into),
            lines: terms.lines.iter().map(|line| OrderLineOut::of(order, line)).collect(),
            delivery: terms.delivery.as_ref().map(Into::into),
            totals: OrderTotalsOut::of(order, &terms.totals),
            payments: order.payments.iter().map(|it| OrderPaymentOut::of(order, it)).collect(),
            gift_card: order.credit.as_ref().map(Into::into),
            refunds: order.refunds.iter().map(Into::into).collect(),
            disputes: order.disputes.iter().map(Into::into).collect(),
            fulfillments: order.fulfillments.iter().map(Into::into).collect(),
            returns: order.returns.iter().map(Into::into).collect(),
            expires_at: terms.expires_at,
        }
    }
}

impl OrderLineOut {
    fn of(order: &Order, line: &Line) -> Self {
        let out = order.taken_out().filter(|portion| portion.line == line.id);
        Self {
            id: line.id.0,
            product: line.product.0,
            variant: line.variant.0,
            sku: line.sku.clone(),
            title: line.title.clone(),
            quantity: line.quantity,
            reduced: out.map(|portion| portion.quantity).sum(),
            unit_price_minor: line.unit_price_minor,
            discount_minor: line.discount_minor,
            net_minor: line.net_minor,
            tax_minor: line.tax_minor,
            replaces: line.replaces.map(|returned| returned.0),
        }
    }
}

impl From<&Delivered> for OrderDeliveryOut {
    fn from(it: &Delivered) -> Self {
        Self { name: it.name.clone(), net_minor: it.net_minor, tax_minor: it.tax_minor }
    }
}

impl OrderTotalsOut {
    fn of(order: &Order, totals: &Totals) -> Self {
        let Totals {
            subtotal_minor,
            discount_minor,
            delivery_minor,
            net_minor,
            tax_minor,
            total_minor,
            ..
        } = *totals;
        Self {
            subtotal_minor,
            discount_minor,
            delivery_minor,
            net_minor,
            tax_minor,
            total_minor,
            captured_minor: order.captured_minor(),
            refunding_minor: order.refunding_minor(),
        }
    }
}

impl OrderPaymentOut {
    fn of(order: &Order, payment: &Payment) -> Self {
        Self {
            id: payment.id.0,
            reference: payment.reference.clone(),
            amount_minor: payment.amount_minor,
            authorized_minor: payment.authorized_minor,
            captured_minor: payment.captured_minor,
            refundable_minor: order.refundable_minor(payment),
            is_voided: payment.is_voided,
            failure: match &payment.progress {
                Progress::Failed(code) => Some(code.clone()),
                _ => None,
            },
        }
    }
}

impl From<&Spending> for OrderGiftCardOut {
    fn from(it: &Spending) -> Self {
        let (spent_minor, returned_minor) = (it.amount_minor, it.returned_minor());
        Self { id: it.credit.0, spent_minor, returned_minor }
    }
}

impl From<&Refund> for OrderRefundOut {
    fn from(it: &Refund) -> Self {
        Self {
            id: it.id.0,
            payment: it.payment.0,
            reference: it.reference.clone(),
            amount_minor: it.amount_minor,
            state: it.state,
        }
    }
}

impl From<&Dispute> for OrderDisputeOut {
    fn from(it: &Dispute) -> Self {
        Self {
            reference: it.reference.clone(),
            payment: it.payment.0,
            amount_minor: it.amount_minor,
            state: it.state,
        }
    }
}

impl From<&Fulfillment> for OrderFulfillmentOut {
    fn from(it: &Fulfillment) -> Self {
        let (carrier, tracking_number) = it.tracking.clone().unzip();
        let report = |it: &Report| OrderParcelReportOut { stage: it.stage, at: it.at };
        Self {
            id: it.id.0,
            state: it.state,
            lines: pieces(&it.portions),
            carrier,
            tracking_number,
            reports: it.reports.iter().map(report).collect(),
        }
    }
}

impl From<&Return> for OrderReturnOut {
    fn from(it: &Return) -> Self {
        Self { id: it.id.0, state: it.state, lines: pieces(&it.portions) }
    }
}

fn pieces(portions: &[domain::order::Portion]) -> Vec<OrderPiecesOut> {
    let piece =
        |it: &domain::order::Portion| OrderPiecesOut { line: it.line.0, quantity: it.quantity };
    portions.iter().map(piece).collect()
}
