use domain::credit::{Credit, Unusable};
use domain::id::CreditId;
use serde::Serialize;
use utoipa::ToSchema;

/// What a gift card or store credit pays of a cart.
#[derive(Serialize, ToSchema)]
pub(super) struct CartGiftCardOut {
    /// The end of its code.
    #[schema(example = "NVPC")]
    last_four: String,
    /// Whether it pays.
    applies: bool,
    /// What it pays of the total.
    amount_minor: i64,
    /// Why it pays nothing: `disabled`, `expired`, `currency`, `another_customer` or `empty`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The same as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl CartGiftCardOut {
    pub(super) fn of((credit, (_, pays)): (&Credit, (CreditId, Result<i64, Unusable>))) -> Self {
        let why = pays.as_ref().err();
        Self {
            last_four: credit.last_four.clone(),
            applies: why.is_none(),
            reason: why.map(reason),
            detail: why.map(ToString::to_string),
            amount_minor: pays.unwrap_or(0),
        }
    }
}

/// As clients know it.
fn reason(why: &Unusable) -> &'static str {
    match why {
        Unusable::Disabled => "disabled",
        Unusable::Expired(_) => "expired",
        Unusable::Currency(_) => "currency",
        Unusable::AnotherCustomer => "another_customer",
        Unusable::Empty => "empty",
    }
}
