use domain::id::TenantNumber;
use domain::money::Money;
use domain::order::RefundState;
use domain::payment::Subject;
use domain::tenant::Currency;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::Fault;
use super::{ClientSecret, ListedEvent, Page, Payment, PaymentState, Refund};

/// Something that Stripe answers with. What else is in it is none of our business.
pub(super) trait Answer: Sized {
    type Wire: DeserializeOwned;

    fn from_wire(wire: Self::Wire) -> Result<Self, Fault>;

    /// Reads a body.
    fn read(body: &[u8]) -> Result<Self, Fault> {
        Self::from_wire(serde_json::from_slice(body)?)
    }
}

#[derive(Deserialize)]
pub(super) struct PaymentWire {
    id: String,
    client_secret: Option<String>,
    status: PaymentState,
    amount: i64,
    #[serde(default)]
    amount_capturable: i64,
    #[serde(default)]
    amount_received: i64,
    currency: String,
    created: i64,
    #[serde(default)]
    metadata: Value,
    last_payment_error: Option<FailureWire>,
}

#[derive(Deserialize)]
struct FailureWire {
    code: Option<String>,
    decline_code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RefundWire {
    id: String,
    payment_intent: Option<String>,
    amount: i64,
    currency: String,
    status: Option<String>,
    created: i64,
    #[serde(default)]
    metadata: Value,
}

#[derive(Deserialize)]
struct EventWire {
    id: String,
    created: i64,
}

#[derive(Deserialize)]
pub(super) struct ListWire<T> {
    data: Vec<T>,
    #[serde(default)]
    has_more: bool,
}

/// What Stripe says when it says no.
#[derive(Default, Deserialize)]
pub(super) struct RefusalWire {
    #[serde(default)]
    pub(super) error: RefusedWire,
}

#[derive(Default, Deserialize)]
pub(super) struct RefusedWire {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) code: Option<String>,
    pub(super) decline_code: Option<String>,
    pub(super) message: Option<String>,
}

/// An item of a list, and its name, at which the next part begins.
pub(super) trait Listed: Answer {
    fn name(&self) -> &str;
}

impl Answer for Payment {
    type Wire = PaymentWire;

    fn from_wire(wire: PaymentWire) -> Result<Self, Fault> {
        let currency = currency(&wire.currency)?;
        let money = |amount| Money::from_provider(amount, currency);
        let failure = wire
            .last_payment_error
            .map(|error| error.decline_code.or(error.code).unwrap_or_else(|| "unknown".to_owned()));
        Ok(Self {
            reference: wire.id,
            client_secret: wire.client_secret.map(ClientSecret),
            state: wire.status,
            amount: money(wire.amount),
            capturable: money(wire.amount_capturable),
            received: money(wire.amount_received),
            failure,
            subject: subject(&wire.metadata),
            created_at: instant(wire.created)?,
        })
    }
}

impl Listed for Payment {
    fn name(&self) -> &str {
        &self.reference
    }
}

impl Answer for Refund {
    type Wire = RefundWire;

    fn from_wire(wire: RefundWire) -> Result<Self, Fault> {
        let state = match wire.status.as_deref() {
            Some("succeeded") => RefundState::Succeeded,
            Some("failed" | "canceled") => RefundState::Failed,
            _ => RefundState::Pending,
        };
        Ok(Self {
            reference: wire.id,
            payment: wire.payment_intent,
            refund: text(&wire.metadata, "refund").and_then(|id| id.parse().ok()),
            amount: Money::from_provider(wire.amount, currency(&wire.currency)?),
            state,
            created_at: instant(wire.created)?,
        })
    }
}

impl Listed for Refund {
    fn name(&self) -> &str {
        &self.reference
    }
}

impl Answer for ListedEvent {
    type Wire = Box<RawValue>;

    fn from_wire(wire: Box<RawValue>) -> Result<Self, Fault> {
        let EventWire { id, created } = serde_json::from_str(wire.get())?;
        Ok(Self { id, created_at: instant(created)?, body: wire.get().to_owned() })
    }
}

impl Listed for ListedEvent {
    fn name(&self) -> &str {
        &self.id
    }
}

impl<T: Listed> Answer for Page<T> {
    type Wire = ListWire<T::Wire>;

    fn from_wire(wire: ListWire<T::Wire>) -> Result<Self, Fault> {
        let items: Vec<T> = wire.data.into_iter().map(T::from_wire).collect::<Result<_, _>>()?;
        let last = items.last().map(|item| item.name().to_owned());
        Ok(Self { items, next: last.filter(|_| wire.has_more) })
    }
}

fn currency(code: &str) -> Result<Currency, Fault> {
    Currency::try_from(code.to_ascii_uppercase()).map_err(|_no_code| Fault::Member("currency"))
}

fn instant(second: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_second(second).map_err(|_beyond| Fault::Member("created"))
}

fn subject(metadata: &Value) -> Option<Subject> {
    Some(Subject {
        tenant: TenantNumber(text(metadata, "tenant")?.parse().ok()?),
        order: text(metadata, "order")?.parse().ok()?,
        payment: text(metadata, "payment")?.parse().ok()?,
    })
}

fn text<'a>(metadata: &'a Value, name: &str) -> Option<&'a str> {
    metadata.get(name).and_then(Value::as_str)
}
