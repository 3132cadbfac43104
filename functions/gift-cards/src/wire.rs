use app::Problem;
use domain::credit::{AMOUNT_MINOR_MAX, Code, Credit};
use domain::discount::customer_hash;
use domain::id::CreditId;
use domain::metric::to_millisecond;
use domain::report::Address;
use domain::tenant::Currency;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::credits::Entry;
use utoipa::ToSchema;
use uuid::Uuid;

/// A gift card, or store credit, that is to be issued.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiftCardIn {
    /// What it is worth, in minor units.
    #[schema(minimum = 1, example = 5_000)]
    amount_minor: i64,
    /// Of the amount; the shop's unless given.
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// From then on it cannot be spent; never unless given.
    #[schema(value_type = Option<String>, example = "2036-12-31T23:00:00Z")]
    expires_at: Option<Timestamp>,
    /// Store credit: only a checkout with this e-mail address may spend it. The address itself is
    /// not kept.
    #[schema(example = "ann@customer.example")]
    customer_email: Option<String>,
    /// For the shop's own eyes: 1 to 2,000 characters.
    note: Option<String>,
}

/// By how much a balance changes, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiftCardAdjustIn {
    /// In minor units; less than nothing takes from it.
    #[schema(example = -500)]
    amount_minor: i64,
    /// Why: 1 to 2,000 characters.
    #[schema(example = "Paid out in the shop")]
    reason: String,
}

/// Why a gift card is disabled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiftCardDisableIn {
    /// 1 to 2,000 characters.
    #[schema(example = "It was stolen")]
    reason: String,
}

/// The code of a gift card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiftCardCodeIn {
    /// As its holder types it.
    #[schema(example = "7K2M9-QXR4T-3HW8Z-5NVPC")]
    pub(crate) code: String,
}

/// A gift card or store credit. Amounts are minor units of its currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct GiftCardOut {
    id: Uuid,
    /// The end of its code.
    #[schema(example = "NVPC")]
    last_four: String,
    #[schema(value_type = String)]
    currency: Currency,
    issued_minor: i64,
    /// What is left of it.
    balance_minor: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// Since then it cannot be spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    disabled_at: Option<Timestamp>,
    /// It is for one customer alone.
    is_store_credit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// A new gift card, and its code.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewGiftCardOut {
    /// Whoever has it may spend the card. It is kept nowhere.
    #[schema(example = "7K2M9-QXR4T-3HW8Z-5NVPC")]
    pub(crate) code: String,
    pub(crate) gift_card: GiftCardOut,
}

/// A page of gift cards.
#[derive(Serialize, ToSchema)]
pub(crate) struct GiftCardsOut {
    pub(crate) gift_cards: Vec<GiftCardOut>,
    /// For `before` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// A gift card with a page of its ledger.
#[derive(Serialize, ToSchema)]
pub(crate) struct GiftCardLedgerOut {
    pub(crate) gift_card: GiftCardOut,
    pub(crate) entries: Vec<GiftCardEntryOut>,
    /// For `before` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<i32>,
}

/// A line in the ledger of a gift card.
#[derive(Serialize, ToSchema)]
pub(crate) struct GiftCardEntryOut {
    /// Its place, from 1.
    number: i32,
    /// `issued`, `debited` and `credited` by orders, `adjusted` or `disabled` by hand.
    kind: String,
    /// By how much the balance changed.
    amount_minor: i64,
    /// The balance then.
    balance_minor: i64,
    /// The order that spent it, or that gave it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Uuid>,
    /// Why, where it was done by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// By whom: `key:…`, `token`, `stripe`, `system`, `payments`.
    actor: String,
    #[schema(value_type = String)]
    recorded_at: Timestamp,
}

/// What is left of a gift card.
#[derive(Serialize, ToSchema)]
pub(crate) struct GiftCardBalanceOut {
    /// The end of its code.
    last_four: String,
    #[schema(value_type = String)]
    currency: Currency,
    balance_minor: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
    /// Something of it can be spent now.
    is_usable: bool,
}

const TEXT_CHARS: usize = 2_000;

impl GiftCardIn {
    /// A credit as it is kept: under an id, with the end of its code and the key that made it.
    pub(crate) fn checked(
        self,
        id: CreditId,
        (code, code_key): (&Code, u32),
        (currency, now): (Currency, Timestamp),
    ) -> Result<Credit, Problem> {
        if !(1..=AMOUNT_MINOR_MAX).contains(&self.amount_minor) {
            let told = format!("a gift card is worth 1 to {AMOUNT_MINOR_MAX} minor units");
            return Err(Problem::invalid("amount_minor", told));
        }
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(Problem::invalid("expires_at", "this is over; name a later time"));
        }
        let customer = |email: String| match Address::parse(&email) {
            Ok(address) => Ok(customer_hash(address.as_str())),
            Err(error) => Err(Problem::invalid("customer_email", error.to_string())),
        };
        Ok(Credit {
            id,
            last_four: code.last_four().to_owned(),
            code_key,
            currency: self.currency.unwrap_or(currency),
            issued_minor: self.amount_minor,
            balance_minor: self.amount_minor,
            // Times as they are read again, so that the same call is answered the same.
            expires_at: self.expires_at.map(to_millisecond),
            disabled_at: None,
            customer: self.customer_email.map(customer).transpose()?,
            is_anothers: false,
            note: self.note.map(|note| text("note", note)).transpose()?,
            created_at: to_millisecond(now),
        })
    }
}

impl GiftCardAdjustIn {
    pub(crate) fn checked(self) -> Result<(i64, String), Problem> {
        let sound = (-AMOUNT_MINOR_MAX..=AMOUNT_MINOR_MAX).contains(&self.amount_minor);
        if self.amount_minor == 0 || !sound {
            let told =
                format!("change it by 1 to {AMOUNT_MINOR_MAX} minor units, or by so many less");
            return Err(Problem::invalid("amount_minor", told));
        }
        Ok((self.amount_minor, text("reason", self.reason)?))
    }
}

impl GiftCardDisableIn {
    pub(crate) fn checked(self) -> Result<String, Problem> {
        text("reason", self.reason)
    }
}

fn text(field: &str, text: String) -> Result<String, Problem> {
    if (1..=TEXT_CHARS).contains(&text.chars().count()) {
        return Ok(text);
    }
    Err(Problem::invalid(field, "write 1 to 2,000 characters"))
}

impl From<Credit> for GiftCardOut {
    fn from(it: Credit) -> Self {
        Self {
            id: it.id.0,
            last_four: it.last_four,
            currency: it.currency,
            issued_minor: it.issued_minor,
            balance_minor: it.balance_minor,
            expires_at: it.expires_at,
            disabled_at: it.disabled_at,
            is_store_credit: it.customer.is_some(),
            note: it.note,
            created_at: it.created_at,
        }
    }
}

impl From<Entry> for GiftCardEntryOut {
    fn from(it: Entry) -> Self {
        Self {
            number: it.number,
            kind: it.kind,
            amount_minor: it.amount_minor,
            balance_minor: it.balance_minor,
            order: it.order.map(|order| order.0),
            reason: it.reason,
            actor: it.actor,
            recorded_at: it.recorded_at,
        }
    }
}

impl GiftCardBalanceOut {
    pub(crate) fn of(credit: Credit, now: Timestamp) -> Self {
        let pays = credit.pays((credit.currency, credit.balance_minor), now);
        Self {
            last_four: credit.last_four,
            currency: credit.currency,
            balance_minor: credit.balance_minor,
            expires_at: credit.expires_at,
            is_usable: pays.is_ok(),
        }
    }
}
