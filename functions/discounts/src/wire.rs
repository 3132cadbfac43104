use std::fmt;
use std::num::NonZeroU32;

use app::Problem;
use domain::cart::limit;
use domain::discount::{Code, Conditions, Discount, Effect, Limits, Target, Unsound, Uses};
use domain::id::{DiscountId, ProductId, VariantId};
use domain::money::{Money, Share};
use domain::tenant::Currency;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// By which a shop knows a discount.
pub(crate) enum Handle {
    Code(Code),
    Id(DiscountId),
}

/// What is taken off, from what, when, and how often.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiscountDocument {
    /// What people call it: 1 to 200 characters.
    #[schema(example = "Summer sale")]
    name: String,
    /// What it takes off.
    effect: EffectDocument,
    /// Off what; everything unless given. Minimums count the same lines.
    #[serde(default)]
    target: TargetDocument,
    /// Of its amounts, and of the carts that it is for. Required where it has amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Currency>,
    /// What the lines come to at least, at catalog prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minimum_subtotal_minor: Option<i64>,
    /// Pieces, at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minimum_quantity: Option<u32>,
    /// From then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "2026-11-27T00:00:00Z")]
    starts_at: Option<Timestamp>,
    /// Until just before then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "2026-12-01T00:00:00Z")]
    ends_at: Option<Timestamp>,
    /// Orders of everybody that may have it; not limited unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redemptions_limit: Option<u32>,
    /// Orders of one customer, known by the address, that may have it; not limited unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer_limit: Option<u32>,
}

/// What a discount takes off, at prices as they are shown. Shares are parts per million: 25 % are
/// 250,000.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum EffectDocument {
    /// A share of the lines.
    #[schema(example = json!({ "kind": "percentage", "share_ppm": 250_000 }))]
    Percentage { share_ppm: u32 },
    /// An amount of `currency`, divided among the lines.
    Amount { amount_minor: i64 },
    /// What delivery costs.
    FreeShipping {},
    /// Of every `buy + get` pieces the cheapest `get`, or a share of their price.
    BuyXGetY { buy: u32, get: u32, share_ppm: u32 },
}

/// What a discount is for: everything, or what one list of at most 250 names.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TargetDocument {
    /// Everything.
    #[default]
    All,
    /// These products, in every variant.
    Products(Vec<Uuid>),
    /// These variants.
    Variants(Vec<Uuid>),
    /// What is in one of these categories.
    Categories(Vec<String>),
}

/// A discount, and what was used of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct DiscountOut {
    id: Uuid,
    /// What customers type, in capitals. Not there when it needs no code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Orders that have it now. What expired or was cancelled does not count.
    redeemed: u32,
    #[serde(flatten)]
    discount: DiscountDocument,
}

/// A page of discounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct DiscountsOut {
    pub(crate) discounts: Vec<DiscountOut>,
    /// What the next page is `after`. Not there on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Uses of a limit that can be counted.
const USES_MAX: u32 = 1_000_000_000;
const NAMES_MAX: usize = 250;

impl Handle {
    /// What looks like a UUID is one, and no code.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        if let Some(id) = text.parse::<Uuid>().ok().filter(|_| text.len() == 36) {
            return Ok(Self::Id(DiscountId(id)));
        }
        let code = Code::parse(text);
        code.map(Self::Code).map_err(|error| Problem::invalid("handle", error.to_string()))
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => code.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl DiscountDocument {
    pub(crate) fn named(self, handle: Handle) -> Result<Discount, Problem> {
        let characters = self.name.chars().count();
        if !(1..=200).contains(&characters) || self.name.chars().any(char::is_control) {
            return Err(Problem::invalid("name", "a name has 1 to 200 characters"));
        }
        let money = |field: &str, amount_minor: i64| {
            let currency = self.currency.ok_or_else(|| {
                Problem::invalid("currency", "say in which currency its amounts are")
            })?;
            if amount_minor <= 0 {
                return Err(Problem::invalid(field, "an amount is 1 or more"));
            }
            Ok(Money { amount_minor, currency })
        };
        let minimum =
            self.minimum_subtotal_minor.map(|minor| money("minimum_subtotal_minor", minor));
        let conditions = Conditions {
            minimum_subtotal: minimum.transpose()?,
            minimum_quantity: count("minimum_quantity", self.minimum_quantity)?,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            currency: self.currency,
        };
        let effect = match self.effect {
            EffectDocument::Percentage { share_ppm } => Effect::Percentage(share(share_ppm)?),
            EffectDocument::Amount { amount_minor } => {
                Effect::Amount(money("effect.amount_minor", amount_minor)?)
            }
            EffectDocument::FreeShipping {} => Effect::FreeShipping,
            EffectDocument::BuyXGetY { buy, get, share_ppm } => Effect::BuyXGetY {
                buy: pieces("effect.buy", buy)?,
                get: pieces("effect.get", get)?,
                percentage: share(share_ppm)?,
            },
        };
        let (id, code) = match handle {
            Handle::Code(code) => (DiscountId(Uuid::now_v7()), Some(code)),
            Handle::Id(id) => (id, None),
        };
        let limits = Limits {
            redemptions: count("redemptions_limit", self.redemptions_limit)?,
            per_customer: count("customer_limit", self.customer_limit)?,
        };
        let (name, target, uses) = (self.name, self.target.checked()?, Uses::default());
        let discount = Discount { id, code, name, effect, target, conditions, limits, uses };
        discount.check().map_err(unsound)?;
        Ok(discount)
    }
}

impl TargetDocument {
    fn checked(self) -> Result<Target, Problem> {
        let (count, target) = match self {
            Self::All => (0, Target::All),
            Self::Products(ids) => {
                (ids.len(), Target::Products(ids.into_iter().map(ProductId).collect()))
            }
            Self::Variants(ids) => {
                (ids.len(), Target::Variants(ids.into_iter().map(VariantId).collect()))
            }
            Self::Categories(names) => {
                if names.iter().any(|name| name.is_empty() || name.len() > 200) {
                    let told = "a category has 1 to 200 characters";
                    return Err(Problem::invalid("target.categories", told));
                }
                (names.len(), Target::Categories(names))
            }
        };
        if count > NAMES_MAX {
            return Err(Problem::invalid("target", format!("it names at most {NAMES_MAX}")));
        }
        Ok(target)
    }
}

fn count(field: &str, number: Option<u32>) -> Result<Option<NonZeroU32>, Problem> {
    let Some(number) = number else { return Ok(None) };
    let number = NonZeroU32::new(number).filter(|number| number.get() <= USES_MAX);
    let told = || Problem::invalid(field, format!("it is a number from 1 to {USES_MAX}"));
    number.map(Some).ok_or_else(told)
}

fn pieces(field: &str, number: u32) -> Result<NonZeroU32, Problem> {
    let number = NonZeroU32::new(number).filter(|number| number.get() <= limit::QUANTITY);
    let told = || Problem::invalid(field, format!("it is 1 to {} pieces", limit::QUANTITY));
    number.ok_or_else(told)
}

fn share(ppm: u32) -> Result<Share, Problem> {
    let share = Share::from_ppm(ppm);
    share.map_err(|error| Problem::invalid("effect.share_ppm", error.to_string()))
}

fn unsound(unsound: Unsound) -> Problem {
    let field = match unsound {
        Unsound::TakesNothing => "effect",
        Unsound::ForNothing => "target",
        Unsound::NoTime => "ends_at",
        Unsound::TwoCurrencies(..) => "currency",
    };
    Problem::invalid(field, unsound.to_string())
}

impl From<Discount> for DiscountOut {
    fn from(discount: Discount) -> Self {
        let Discount { id, code, name, effect, target, conditions, limits, uses } = discount;
        let effect = match effect {
            Effect::Percentage(share) => EffectDocument::Percentage { share_ppm: share.ppm() },
            Effect::Amount(money) => EffectDocument::Amount { amount_minor: money.amount_minor },
            Effect::FreeShipping => EffectDocument::FreeShipping {},
            Effect::BuyXGetY { buy, get, percentage } => EffectDocument::BuyXGetY {
                buy: buy.get(),
                get: get.get(),
                share_ppm: percentage.ppm(),
            },
        };
        let target = match target {
            Target::All => TargetDocument::All,
            Target::Products(ids) => {
                TargetDocument::Products(ids.into_iter().map(|id| id.0).collect())
            }
            Target::Variants(ids) => {
                TargetDocument::Variants(ids.into_iter().map(|id| id.0).collect())
            }
            Target::Categories(names) => TargetDocument::Categories(names),
        };
        let document = DiscountDocument {
            name,
            effect,
            target,
            currency: conditions.currency,
            minimum_subtotal_minor: conditions.minimum_subtotal.map(|money| money.amount_minor),
            minimum_quantity: conditions.minimum_quantity.map(NonZeroU32::get),
            starts_at: conditions.starts_at,
            ends_at: conditions.ends_at,
            redemptions_limit: limits.redemptions.map(NonZeroU32::get),
            customer_limit: limits.per_customer.map(NonZeroU32::get),
        };
        Self { id: id.0, code: code.map(String::from), redeemed: uses.all, discount: document }
    }
}
