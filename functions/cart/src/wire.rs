use app::Problem;
use domain::cart::{self, Cart, Hindrance, Reduction, limit};
use domain::discount::{Code, NotApplicable};
use domain::pricing::PricedLine;
use domain::tenant::Currency;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use self::gift_card::CartGiftCardOut;

/// What pays for a cart beside money.
mod gift_card;

/// A cart that is to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CartIn {
    /// Of all prices; the shop's unless given.
    #[schema(value_type = Option<String>, example = "EUR")]
    pub(crate) currency: Option<Currency>,
    /// Where it goes: an ISO 3166 code of two letters.
    #[schema(example = "DE")]
    pub(crate) country: Option<String>,
    /// Where it comes from; `web` unless given.
    pub(crate) channel: Option<String>,
}

/// Where a cart goes, how, and with which codes. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendIn {
    /// An ISO 3166 code of two letters.
    #[schema(example = "DE")]
    pub(crate) country: Option<String>,
    /// One of the cart's `shipping_options`.
    pub(crate) shipping: Option<Uuid>,
    /// All discount codes that the customer typed, at most 10; none when empty.
    #[schema(example = json!(["SUMMER"]))]
    codes: Option<Vec<String>>,
    /// The code of a gift card or store credit, which is to pay; none when empty.
    #[schema(example = "7K2M9-QXR4T-3HW8Z-5NVPC")]
    pub(crate) gift_card: Option<String>,
}

/// The cart that another takes over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeIn {
    /// Which.
    pub(crate) from: Uuid,
    /// Its token.
    pub(crate) from_token: String,
}

/// What is put into a cart.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineIn {
    /// Either this or `sku`.
    pub(crate) variant: Option<Uuid>,
    /// Your number of the variant.
    #[schema(example = "LS-M")]
    pub(crate) sku: Option<String>,
    /// 1 to 10,000 pieces.
    #[schema(example = 1)]
    pub(crate) quantity: u32,
    /// What is to be written on it and the like: lines that differ in it stay apart.
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
}

/// How many pieces.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineChangeIn {
    /// 0 to 10,000.
    #[schema(example = 2)]
    pub(crate) quantity: u32,
}

/// A new cart, and its token.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewCartOut {
    /// Shown once: it is the key to the cart.
    pub(crate) token: String,
    pub(crate) cart: CartOut,
}

/// A cart at the prices of this moment. Amounts are minor units of its currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct CartOut {
    id: Uuid,
    /// Grows with every change.
    version: i32,
    /// The order that it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Uuid>,
    /// The cart that took over what was in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<Uuid>,
    #[schema(value_type = String)]
    currency: Currency,
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping: Option<Uuid>,
    lines: Vec<LineOut>,
    /// The ways to get there that fit the cart.
    shipping_options: Vec<ShippingOut>,
    /// What is taken off without a code, and what became of every code.
    discounts: Vec<CartDiscountOut>,
    subtotal_minor: i64,
    discount_minor: i64,
    shipping_minor: i64,
    net_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    /// The gift card or store credit that is to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    gift_card: Option<CartGiftCardOut>,
    /// What is left to pay.
    due_minor: i64,
    /// What has to be done before it can be bought.
    hindrances: Vec<HindranceOut>,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

/// What is in a cart.
#[derive(Serialize, ToSchema)]
struct LineOut {
    id: Uuid,
    variant: Uuid,
    product: Uuid,
    sku: String,
    title: String,
    quantity: u32,
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit_price_minor: Option<i64>,
    discount_minor: i64,
    net_minor: i64,
    tax_minor: i64,
    total_minor: i64,
}

/// A way to get there.
#[derive(Serialize, ToSchema)]
struct ShippingOut {
    id: Uuid,
    name: String,
    price_minor: i64,
}

/// A discount of a cart, or a code that is none.
#[derive(Serialize, ToSchema)]
struct CartDiscountOut {
    /// What was typed, in capitals. Not there for a discount that needs no code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What it is called. Not there where there is no such code.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Whether it applies.
    applies: bool,
    /// What it takes off, as prices are shown.
    discount_minor: i64,
    /// Why it does not apply: `no_such_code`, `not_yet`, `ended`, `used_up`, `used_by_customer`,
    /// `currency`, `other_things`, `minimum_subtotal`, `minimum_quantity`, `no_delivery`,
    /// `nothing_left`, `used_already` or `too_large`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The same as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Something in the way of buying a cart.
#[derive(Serialize, ToSchema)]
struct HindranceOut {
    /// `empty`, `not_for_sale`, `no_country`, `no_shipping`, `shipping_does_not_fit`,
    /// `code_does_not_apply` or `gift_card_does_not_apply`.
    code: &'static str,
    /// What is to be done.
    detail: &'static str,
    /// The line that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<Uuid>,
}

impl CartIn {
    pub(crate) fn check(&self) -> Result<(), Problem> {
        check_country(self.country.as_deref())?;
        let word = |text: &String| {
            (1..=32).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic())
        };
        if self.channel.as_ref().is_none_or(word) {
            return Ok(());
        }
        Err(Problem::invalid("channel", "a channel is a word of 1 to 32 characters, such as web"))
    }
}

impl SendIn {
    pub(crate) fn check(&self) -> Result<(), Problem> {
        check_country(self.country.as_deref())
    }

    /// The codes in capitals, each once.
    pub(crate) fn codes(&self) -> Result<Option<Vec<Code>>, Problem> {
        let Some(typed) = &self.codes else { return Ok(None) };
        if typed.len() > limit::CODES {
            let told = format!("a cart has at most {} codes", limit::CODES);
            return Err(Problem::invalid("codes", told));
        }
        let mut codes = vec![];
        for (place, text) in typed.iter().enumerate() {
            let code = Code::parse(text.trim())
                .map_err(|error| Problem::invalid(format!("codes[{place}]"), error.to_string()))?;
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        Ok(Some(codes))
    }
}

impl LineIn {
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.variant.is_some() == self.sku.is_some() {
            return Err(Problem::invalid("variant", "give exactly one of `variant` and `sku`"));
        }
        is_quantity(self.quantity, 1)?;
        let bytes = serde_json::to_string(&self.properties).map_or(usize::MAX, |text| text.len());
        if bytes > limit::PROPERTIES {
            let told = format!("properties have at most {} bytes of JSON", limit::PROPERTIES);
            return Err(Problem::invalid("properties", told));
        }
        Ok(())
    }

    pub(crate) fn properties(&self) -> Value {
        Value::Object(self.properties.clone())
    }
}

impl LineChangeIn {
    pub(crate) fn check(&self) -> Result<(), Problem> {
        is_quantity(self.quantity, 0)
    }
}

fn is_quantity(quantity: u32, least: u32) -> Result<(), Problem> {
    if (least..=limit::QUANTITY).contains(&quantity) {
        return Ok(());
    }
    let told = format!("a line has {least} to {} pieces", limit::QUANTITY);
    Err(Problem::invalid("quantity", told))
}

fn check_country(country: Option<&str>) -> Result<(), Problem> {
    if country.is_none_or(cart::is_country) {
        return Ok(());
    }
    Err(Problem::invalid("country", "a country is an ISO 3166 code of two letters, such as DE"))
}

impl CartOut {
    pub(crate) fn of(cart: &Cart) -> Result<Self, Problem> {
        let quote = cart.quote().map_err(|error| Problem::invalid("cart", error.to_string()))?;
        let (totals, due_minor) = (quote.totals(), quote.due_minor());
        let lines = cart.lines.iter().zip(&quote.priced.lines);
        Ok(Self {
            id: cart.id.0,
            version: cart.version,
            order: cart.order.map(|order| order.0),
            merged_into: cart.merged_into.map(|into| into.0),
            currency: cart.currency,
            country: cart.country.clone(),
            shipping: cart.shipping.map(|shipping| shipping.0),
            lines: lines.map(|(line, priced)| LineOut::of(line, priced)).collect(),
            shipping_options: quote
                .options
                .iter()
                .map(|option| ShippingOut {
                    id: option.id.0,
                    name: option.name.clone(),
                    price_minor: option.price_minor,
                })
                .collect(),
            discounts: quote.reductions.into_iter().map(CartDiscountOut::of).collect(),
            subtotal_minor: totals.subtotal_minor,
            discount_minor: totals.discount_minor,
            shipping_minor: totals.delivery_minor,
            net_minor: totals.net_minor,
            tax_minor: totals.tax_minor,
            total_minor: totals.total_minor,
            due_minor,
            gift_card: cart.credit.as_ref().zip(quote.credit).map(CartGiftCardOut::of),
            hindrances: quote.hindrances.into_iter().map(HindranceOut::of).collect(),
            expires_at: cart.expires_at,
        })
    }
}

impl LineOut {
    fn of(line: &domain::cart::CartLine, priced: &PricedLine) -> Self {
        Self {
            id: line.id.0,
            variant: line.variant.0,
            product: line.product.0,
            sku: line.sku.clone(),
            title: line.title.clone(),
            quantity: line.quantity,
            properties: line.properties.as_object().cloned().unwrap_or_default(),
            unit_price_minor: line.unit_price_minor,
            discount_minor: priced.discount_minor,
            net_minor: priced.net_minor,
            tax_minor: priced.tax_minor,
            total_minor: priced.net_minor.saturating_add(priced.tax_minor),
        }
    }
}

impl CartDiscountOut {
    fn of(reduction: Reduction) -> Self {
        let why = reduction.off_minor.as_ref().err();
        Self {
            code: reduction.code.map(String::from),
            name: reduction.discount.map(|(_id, name)| name),
            applies: why.is_none(),
            reason: why.map(reason),
            detail: why.map(ToString::to_string),
            discount_minor: reduction.off_minor.unwrap_or(0),
        }
    }
}

fn reason(why: &NotApplicable) -> &'static str {
    match why {
        NotApplicable::NotYet(_) => "not_yet",
        NotApplicable::Ended(_) => "ended",
        NotApplicable::Currency(_) => "currency",
        NotApplicable::OtherThings => "other_things",
        NotApplicable::MinimumSubtotal { .. } => "minimum_subtotal",
        NotApplicable::MinimumQuantity { .. } => "minimum_quantity",
        NotApplicable::NoDelivery => "no_delivery",
        NotApplicable::NothingLeft => "nothing_left",
        NotApplicable::UsedUp => "used_up",
        NotApplicable::UsedByCustomer => "used_by_customer",
        NotApplicable::NoSuchCode => "no_such_code",
        NotApplicable::UsedAlready => "used_already",
        NotApplicable::Money(_) => "too_large",
    }
}

impl HindranceOut {
    fn of(hindrance: Hindrance) -> Self {
        let (code, detail, line) = match hindrance {
            Hindrance::Empty => ("empty", "put something into the cart", None),
            Hindrance::NotForSale(line) => (
                "not_for_sale",
                "it is not for sale any more, or not in this currency; take it out",
                Some(line.0),
            ),
            Hindrance::NoCountry => ("no_country", "say in which country it is to arrive", None),
            Hindrance::NoShipping => ("no_shipping", "choose one of the shipping options", None),
            Hindrance::ShippingDoesNotFit => (
                "shipping_does_not_fit",
                "the chosen way does not fit the cart any more; choose another",
                None,
            ),
            Hindrance::CodeDoesNotApply => (
                "code_does_not_apply",
                "a code takes nothing off, see `discounts`; take it out, or do what it needs",
                None,
            ),
            Hindrance::CreditDoesNotApply => (
                "gift_card_does_not_apply",
                "the gift card pays nothing, see `gift_card`; use another, or none",
                None,
            ),
        };
        Self { code, detail, line }
    }
}
