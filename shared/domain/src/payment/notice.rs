use jiff::Timestamp;
use serde_json::Value;

use super::{Fact, Notice, Subject};
use crate::id::TenantNumber;
use crate::money::Money;
use crate::order::{DisputeState, RefundState};
use crate::tenant::Currency;

/// Why an event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NotANotice {
    /// It is no JSON.
    #[error("the event is not JSON")]
    Json(#[from] serde_json::Error),
    /// A member that every event of its type has is missing or of another kind.
    #[error("the event has no usable `{0}`")]
    Member(&'static str),
}

/// Reads an event of Stripe. None for types that are none of our business: a provider adds types
/// and members at any time, and none of them may stop us.
///
/// # Errors
/// [`NotANotice`] for an event of a type that we know, in a shape that we do not: it is kept, and
/// a person told.
pub fn read(body: &[u8]) -> Result<Option<Notice>, NotANotice> {
    let event: Value = serde_json::from_slice(body)?;
    let kind = text(&event, "type").ok_or(NotANotice::Member("type"))?;
    let id = text(&event, "id").ok_or(NotANotice::Member("id"))?;
    let object = event.pointer("/data/object").ok_or(NotANotice::Member("data.object"))?;
    let Some(fact) = fact(kind, object)? else { return Ok(None) };
    let reference = match kind.split_once('.') {
        Some(("payment_intent", _)) => text(object, "id"),
        _ => text(object, "payment_intent"),
    };
    // A charge that was made without a payment intent is not one of ours.
    let Some(reference) = reference else { return Ok(None) };
    Ok(Some(Notice {
        event: id.to_owned(),
        kind: kind.to_owned(),
        created_at: created_at(&event)?,
        reference: reference.to_owned(),
        subject: subject(object),
        fact,
    }))
}

fn created_at(event: &Value) -> Result<Timestamp, NotANotice> {
    let second = event.get("created").and_then(Value::as_i64);
    let instant = second.and_then(|second| Timestamp::from_second(second).ok());
    instant.ok_or(NotANotice::Member("created"))
}

fn fact(kind: &str, object: &Value) -> Result<Option<Fact>, NotANotice> {
    let amount = |member| money(object, member);
    Ok(Some(match kind {
        "payment_intent.requires_action" => Fact::ActionRequired,
        "payment_intent.processing" => Fact::Processing,
        "payment_intent.payment_failed" => Fact::AttemptFailed { code: failure(object) },
        "payment_intent.amount_capturable_updated" => {
            Fact::Authorized { amount: amount("amount_capturable")? }
        }
        "payment_intent.succeeded" => Fact::Captured { amount: amount("amount_received")? },
        "payment_intent.canceled" => Fact::Voided,
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            refund(object)?
        }
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated"
        | "charge.dispute.closed" => dispute(kind, object)?,
        "radar.early_fraud_warning.created" => Fact::FraudWarning,
        _ => return Ok(None),
    }))
}

fn refund(object: &Value) -> Result<Fact, NotANotice> {
    let state = match text(object, "status").ok_or(NotANotice::Member("status"))? {
        "succeeded" => RefundState::Succeeded,
        "failed" | "canceled" => RefundState::Failed,
        _ => RefundState::Pending,
    };
    Ok(Fact::Refund {
        reference: text(object, "id").ok_or(NotANotice::Member("id"))?.to_owned(),
        refund: metadata(object, "refund").and_then(|id| id.parse().ok()),
        amount: money(object, "amount")?,
        state,
    })
}

fn dispute(kind: &str, object: &Value) -> Result<Fact, NotANotice> {
    let state = match text(object, "status").ok_or(NotANotice::Member("status"))? {
        "won" | "warning_closed" => DisputeState::Won,
        "lost" => DisputeState::Lost,
        _ => DisputeState::Open,
    };
    Ok(Fact::Dispute {
        reference: text(object, "id").ok_or(NotANotice::Member("id"))?.to_owned(),
        amount: money(object, "amount")?,
        state,
        is_withdrawn: kind.ends_with("funds_withdrawn"),
        is_reinstated: kind.ends_with("funds_reinstated"),
    })
}

/// The bank's reason where there is one, which says more than the provider's.
fn failure(object: &Value) -> String {
    let error = |member| object.pointer("/last_payment_error").and_then(|it| text(it, member));
    error("decline_code").or(error("code")).unwrap_or("unknown").to_owned()
}

fn subject(object: &Value) -> Option<Subject> {
    Some(Subject {
        tenant: TenantNumber(metadata(object, "tenant")?.parse().ok()?),
        order: metadata(object, "order")?.parse().ok()?,
        payment: metadata(object, "payment")?.parse().ok()?,
    })
}

fn money(object: &Value, member: &'static str) -> Result<Money, NotANotice> {
    let amount = object.get(member).and_then(Value::as_i64).ok_or(NotANotice::Member(member))?;
    let code = text(object, "currency").ok_or(NotANotice::Member("currency"))?;
    let currency = Currency::try_from(code.to_ascii_uppercase())
        .map_err(|_no_code| NotANotice::Member("currency"))?;
    Ok(Money::from_provider(amount, currency))
}

fn metadata<'a>(object: &'a Value, member: &str) -> Option<&'a str> {
    object.get("metadata").and_then(|metadata| text(metadata, member))
}

fn text<'a>(object: &'a Value, member: &str) -> Option<&'a str> {
    object.get(member).and_then(Value::as_str)
}
