use std::collections::BTreeMap;

use app::Problem;
use domain::cart::{Settings, ShippingOption, TaxZone, is_country};
use domain::id::ShippingOptionId;
use domain::money::{Rounding, Share};
use domain::order::Capture;
use domain::tenant::Currency;
use serde::{Deserialize, Serialize};
use store::shop::{Offered, Shop};
use utoipa::ToSchema;
use uuid::Uuid;

/// How the shop sells.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShopDocument {
    /// Where tax is rounded: `per_unit`, `per_line` or `per_order`.
    #[schema(value_type = String, example = "per_line")]
    rounding: Rounding,
    /// When money is taken: `automatic`, at once, or `manual`, when you ask for it.
    #[schema(value_type = String, example = "automatic")]
    capture: Capture,
    /// How long stock waits for its payment: 5 to 1,440 minutes.
    #[schema(example = 60)]
    payment_minutes: i32,
    /// How long a cart waits for its customer: 1 to 365 days.
    #[schema(example = 30)]
    cart_days: i32,
}

/// Countries that are taxed alike.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaxZoneDocument {
    /// ISO 3166 codes of two letters; all others when empty.
    #[schema(example = json!(["DE"]))]
    countries: Vec<String>,
    /// Whether your prices include the tax there.
    prices_include_tax: bool,
    /// Of each tax category in parts per million: 19 % are 190,000. Nothing where there is none.
    #[schema(example = json!({ "standard": 190000 }))]
    rates_ppm: BTreeMap<String, u32>,
}

/// Tax zones by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaxZonesOut {
    pub(super) tax_zones: BTreeMap<String, TaxZoneDocument>,
}

/// A way to get there.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShippingDocument {
    /// What people call it: 1 to 200 characters.
    #[schema(example = "Parcel")]
    name: String,
    /// Of its price, and of the carts that may choose it.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// What it costs.
    #[schema(example = 490)]
    price_minor: i64,
    /// How it is taxed; `standard` unless given.
    #[serde(default = "standard")]
    tax_category: String,
    /// ISO 3166 codes of two letters; everywhere when empty.
    #[serde(default)]
    countries: Vec<String>,
    /// From this weight on.
    #[serde(default)]
    weight_grams_from: i32,
    /// Up to this weight, itself included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight_grams_to: Option<i32>,
    /// From this total of the lines on.
    #[serde(default)]
    total_minor_from: i64,
    /// Up to this total, itself included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total_minor_to: Option<i64>,
    /// The least is shown first.
    #[serde(default)]
    position: i16,
}

/// A way to get there, and its id.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShippingOptionOut {
    id: Uuid,
    #[serde(flatten)]
    option: ShippingDocument,
}

/// Ways to get there, in the order in which they are shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShippingOptionsOut {
    pub(super) shipping_options: Vec<ShippingOptionOut>,
}

fn standard() -> String {
    "standard".to_owned()
}

fn within(field: &'static str, number: i32, least: i32, most: i32) -> Result<(), Problem> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(Problem::invalid(field, format!("{number} is not one of {least} to {most}")))
}

fn are_countries(countries: &[String]) -> Result<(), Problem> {
    match countries.iter().position(|country| !is_country(country)) {
        None => Ok(()),
        Some(position) => Err(Problem::invalid(
            format!("countries[{position}]"),
            "a country is an ISO 3166 code of two capitals, such as DE",
        )),
    }
}

fn is_name(field: &str, name: &str) -> Result<(), Problem> {
    let sound =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if (1..=40).contains(&name.len()) && name.bytes().all(sound) {
        return Ok(());
    }
    Err(Problem::invalid(field, "a name has 1 to 40 of a-z, 0-9, _ and -"))
}

impl ShopDocument {
    pub(super) fn checked(self) -> Result<Shop, Problem> {
        within("payment_minutes", self.payment_minutes, 5, 1_440)?;
        within("cart_days", self.cart_days, 1, 365)?;
        let Self { rounding, capture, payment_minutes, cart_days } = self;
        Ok(Shop { settings: Settings { rounding, capture, payment_minutes }, cart_days })
    }
}

impl TaxZoneDocument {
    pub(super) fn named(self, zone: String) -> Result<TaxZone, Problem> {
        is_name("zone", &zone)?;
        are_countries(&self.countries)?;
        let mut rates = BTreeMap::new();
        for (category, ppm) in self.rates_ppm {
            let field = format!("rates_ppm.{category}");
            is_name(&field, &category)?;
            let share = Share::from_ppm(ppm);
            let share = share.map_err(|error| Problem::invalid(&field, error.to_string()))?;
            rates.insert(category, share);
        }
        let Self { countries, prices_include_tax, .. } = self;
        Ok(TaxZone { zone, countries, prices_include_tax, rates })
    }
}

impl ShippingDocument {
    pub(super) fn named(self, id: ShippingOptionId) -> Result<Offered, Problem> {
        let characters = self.name.chars().count();
        if !(1..=200).contains(&characters) || self.name.chars().any(char::is_control) {
            return Err(Problem::invalid("name", "a name has 1 to 200 characters"));
        }
        is_name("tax_category", &self.tax_category)?;
        are_countries(&self.countries)?;
        for (field, number) in [
            ("price_minor", self.price_minor),
            ("total_minor_from", self.total_minor_from),
            ("weight_grams_from", i64::from(self.weight_grams_from)),
        ] {
            if number < 0 {
                return Err(Problem::invalid(field, "it is 0 or more"));
            }
        }
        let weight_grams = (i64::from(self.weight_grams_from), self.weight_grams_to.map(i64::from));
        let total_minor = (self.total_minor_from, self.total_minor_to);
        for (field, (from, to)) in
            [("weight_grams_to", weight_grams), ("total_minor_to", total_minor)]
        {
            if to.is_some_and(|to| to < from) {
                return Err(Problem::invalid(field, "it ends before it begins"));
            }
        }
        Ok(Offered {
            option: ShippingOption {
                id,
                name: self.name,
                price_minor: self.price_minor,
                tax_category: self.tax_category,
                countries: self.countries,
                weight_grams,
                total_minor,
            },
            currency: self.currency,
            position: self.position,
        })
    }
}

impl From<Shop> for ShopDocument {
    fn from(shop: Shop) -> Self {
        let Settings { rounding, capture, payment_minutes } = shop.settings;
        Self { rounding, capture, payment_minutes, cart_days: shop.cart_days }
    }
}

impl From<TaxZone> for TaxZoneDocument {
    fn from(zone: TaxZone) -> Self {
        let TaxZone { countries, prices_include_tax, rates, .. } = zone;
        let rates_ppm =
            rates.into_iter().map(|(category, share)| (category, share.ppm())).collect();
        Self { countries, prices_include_tax, rates_ppm }
    }
}

impl From<Offered> for ShippingOptionOut {
    fn from(offered: Offered) -> Self {
        let Offered { option, currency, position } = offered;
        let grams = |grams: i64| i32::try_from(grams).unwrap_or(i32::MAX);
        Self {
            id: option.id.0,
            option: ShippingDocument {
                name: option.name,
                currency,
                price_minor: option.price_minor,
                tax_category: option.tax_category,
                countries: option.countries,
                weight_grams_from: grams(option.weight_grams.0),
                weight_grams_to: option.weight_grams.1.map(grams),
                total_minor_from: option.total_minor.0,
                total_minor_to: option.total_minor.1,
                position,
            },
        }
    }
}
