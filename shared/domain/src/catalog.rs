use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{ProductId, VariantId};
use crate::money::Money;

use self::schema::Schema;

/// What the attributes of a type of products must be.
pub mod schema;
/// Products as they are searched for.
pub mod search;
/// Products as rows of a table.
pub mod sheet;

#[cfg(test)]
mod tests;

/// What a shop sells, in one or more variants.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Which.
    pub id: ProductId,
    /// In addresses: small letters, digits and hyphens.
    pub slug: String,
    /// For people.
    pub title: String,
    /// For people.
    pub description: String,
    /// What its attributes must be, by name; anything when absent.
    pub product_type: Option<String>,
    /// Whatever else is to be known of it.
    pub attributes: Map<String, Value>,
    /// What its variants differ in, such as size and color.
    pub options: Vec<String>,
    /// Where it is found.
    pub categories: Vec<String>,
    /// How it is taxed.
    pub tax_category: String,
    /// Pictures.
    pub media: Vec<Medium>,
    /// Who sees it.
    pub state: State,
    /// Grows with every change, from 1.
    pub version: i32,
    /// What can be bought.
    pub variants: Vec<Variant>,
}

/// What the attributes of some products must be.
#[derive(Clone, Debug)]
pub struct ProductType {
    /// Small letters, digits and hyphens.
    pub name: String,
    /// As it was written.
    pub written: Value,
    /// What it says.
    pub schema: Schema,
    /// Grows with every change, from 1.
    pub version: i32,
}

impl ProductType {
    /// Reads a type.
    ///
    /// # Errors
    /// The first fault, with the place in the schema that has it.
    pub fn parse(name: String, schema: Value) -> Result<Self, Unsound> {
        require(is_slug(&name), "name", || {
            "a name has 1 to 100 of a-z, 0-9 and -, and begins with a letter or digit".to_owned()
        })?;
        Ok(Self { name, schema: Schema::parse(&schema)?, written: schema, version: 0 })
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// Where it lies.
    pub url: String,
    /// What is to be seen, for those who do not see it.
    #[serde(default)]
    pub alt: String,
}

/// Who sees a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The shop.
    #[default]
    Draft,
    /// Everybody, who may buy it too.
    Published,
    /// The shop; old orders still know it.
    Archived,
}

/// A product in one size, color or the like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// Which.
    pub id: VariantId,
    /// The shop's own number for it. No two variants share one.
    pub sku: String,
    /// On its package.
    pub barcode: Option<String>,
    /// For people, where the product's title is not enough.
    pub title: String,
    /// The values of the product's options, in their order.
    pub options: Vec<String>,
    /// What it weighs, in grams.
    pub weight_grams: i32,
    /// It is taken from stock. What is not is always to be had.
    pub is_stocked: bool,
    /// What it costs.
    pub prices: Vec<Price>,
}

/// What a variant costs in one currency, for a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Of one piece.
    #[serde(flatten)]
    pub money: Money,
    /// From then on; always, when absent.
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
    /// Until then; for ever, when absent.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
}

/// What is wrong with a product, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct Unsound {
    /// The field at fault, such as `variants[2].sku`.
    pub field: String,
    /// What is wrong with it, and what would be right.
    pub fault: String,
}

/// The most of everything.
pub mod limit {
    /// Variants of a product.
    pub const VARIANTS: usize = 250;
    /// Prices of a variant.
    pub const PRICES: usize = 50;
    /// Options, categories and pictures of a product.
    pub const LISTED: usize = 50;
    /// Characters of a title.
    pub const TITLE: usize = 200;
    /// Characters of a description.
    pub const DESCRIPTION: usize = 20_000;
    /// Characters of a SKU, a barcode, a category or an option.
    pub const WORD: usize = 64;
    /// Words of a product that are searched.
    pub const TERMS: usize = 1_000;
    /// Facets of a product.
    pub const FACETS: usize = 200;
    /// Words of a search.
    pub const ASKED_WORDS: usize = 12;
    /// Facets of a search.
    pub const ASKED_FACETS: usize = 50;
    /// Bytes of all attributes as JSON.
    pub const ATTRIBUTES: usize = 16_384;
    /// Minor units of a price.
    pub const PRICE_MINOR: i64 = 1_000_000_000_000;
}

impl Product {
    /// Checks a product before it is kept.
    ///
    /// # Errors
    /// The first fault, with the field that has it.
    pub fn check(&self) -> Result<(), Unsound> {
        require(is_slug(&self.slug), "slug", || {
            "a slug has 1 to 100 of a-z, 0-9 and -, and begins with a letter or digit".to_owned()
        })?;
        is_text("title", &self.title, 1, limit::TITLE)?;
        is_text("description", &self.description, 0, limit::DESCRIPTION)?;
        is_text("tax_category", &self.tax_category, 1, limit::WORD)?;
        for (list, of) in [("options", &self.options), ("categories", &self.categories)] {
            are_words(list, of)?;
        }
        at_most("media", self.media.len(), limit::LISTED)?;
        for (index, medium) in self.media.iter().enumerate() {
            let url = &medium.url;
            let sound = url.starts_with("https://") && url.len() <= 2_000 && url.is_ascii();
            require(sound, &format!("media[{index}].url"), || {
                "a picture is named by an https:// address of at most 2,000 characters".to_owned()
            })?;
            is_text(&format!("media[{index}].alt"), &medium.alt, 0, limit::TITLE)?;
        }
        let bytes = serde_json::to_string(&self.attributes).map_or(usize::MAX, |text| text.len());
        require(bytes <= limit::ATTRIBUTES, "attributes", || {
            format!("they have {bytes} bytes as JSON, and at most {} are kept", limit::ATTRIBUTES)
        })?;
        require(!self.variants.is_empty(), "variants", || {
            "a product has at least one variant: that is what is bought".to_owned()
        })?;
        at_most("variants", self.variants.len(), limit::VARIANTS)?;
        for (index, variant) in self.variants.iter().enumerate() {
            let earlier = &self.variants[..index];
            variant.check(&format!("variants[{index}]"), earlier, self.options.len())?;
        }
        Ok(())
    }
}

impl Variant {
    /// The price of each currency at an instant: of all whose time it is, the one that began last.
    #[must_use]
    pub fn prices_at(&self, at: Timestamp) -> Vec<Price> {
        let mut current: Vec<Price> = Vec::new();
        for price in self.prices.iter().filter(|price| price.holds_at(at)) {
            let same = |other: &&mut Price| other.money.currency == price.money.currency;
            match current.iter_mut().find(same) {
                Some(other) if other.starts_at < price.starts_at => *other = *price,
                Some(_) => {}
                None => current.push(*price),
            }
        }
        current
    }

    fn check(&self, at: &str, earlier: &[Self], options: usize) -> Result<(), Unsound> {
        is_text(&format!("{at}.sku"), &self.sku, 1, limit::WORD)?;
        is_text(&format!("{at}.title"), &self.title, 0, limit::TITLE)?;
        if let Some(barcode) = &self.barcode {
            is_text(&format!("{at}.barcode"), barcode, 1, limit::WORD)?;
        }
        let unique = |same: fn(&Self, &Self) -> bool| !earlier.iter().any(|it| same(it, self));
        require(unique(|one, other| one.sku == other.sku), &format!("{at}.sku"), || {
            format!("an earlier variant has the SKU `{}`", self.sku)
        })?;
        require(unique(|one, other| one.id == other.id), &format!("{at}.id"), || {
            "an earlier variant has this id".to_owned()
        })?;
        are_words(&format!("{at}.options"), &self.options)?;
        require(self.options.len() == options, &format!("{at}.options"), || {
            format!("the product has {options} options, so a variant has {options} values")
        })?;
        let distinct = unique(|one, other| one.options == other.options);
        require(distinct, &format!("{at}.options"), || {
            "an earlier variant has the same values; name an option in which they differ".to_owned()
        })?;
        require(self.weight_grams >= 0, &format!("{at}.weight_grams"), || {
            "a weight is 0 or more grams".to_owned()
        })?;
        at_most(&format!("{at}.prices"), self.prices.len(), limit::PRICES)?;
        for (index, price) in self.prices.iter().enumerate() {
            price.check(&format!("{at}.prices[{index}]"), &self.prices[..index])?;
        }
        Ok(())
    }
}

impl Price {
    /// Whether its time is then.
    #[must_use]
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.starts_at.is_none_or(|starts_at| starts_at <= at)
            && self.ends_at.is_none_or(|ends_at| at < ends_at)
    }

    fn check(&self, at: &str, earlier: &[Self]) -> Result<(), Unsound> {
        let amount = format!("{at}.amount_minor");
        let in_range = (0..=limit::PRICE_MINOR).contains(&self.money.amount_minor);
        require(in_range, &amount, || {
            format!("a price is 0 to {} minor units", limit::PRICE_MINOR)
        })?;
        if self.money.amount_minor > 0 {
            // A price that cannot be charged is refused when it is set, not when it is paid.
            self.money
                .to_provider()
                .map_err(|error| Unsound { field: amount, fault: error.to_string() })?;
        }
        let same = |other: &Self| {
            other.money.currency == self.money.currency && other.starts_at == self.starts_at
        };
        require(!earlier.iter().any(same), &format!("{at}.starts_at"), || {
            "an earlier price of that currency starts at the same time".to_owned()
        })?;
        let ordered = match (self.starts_at, self.ends_at) {
            (Some(start), Some(end)) => start < end,
            _ => true,
        };
        require(ordered, &format!("{at}.ends_at"), || "it ends before it starts".to_owned())
    }
}

fn require(holds: bool, field: &str, fault: impl FnOnce() -> String) -> Result<(), Unsound> {
    if holds { Ok(()) } else { Err(Unsound { field: field.to_owned(), fault: fault() }) }
}

fn at_most(field: &str, count: usize, most: usize) -> Result<(), Unsound> {
    require(count <= most, field, || format!("there are {count}, and at most {most} are kept"))
}

fn is_text(field: &str, text: &str, least: usize, most: usize) -> Result<(), Unsound> {
    let length = text.chars().count();
    let sound = (least..=most).contains(&length)
        && !text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\t'));
    require(sound, field, || format!("it has {least} to {most} printable characters"))
}

fn are_words(field: &str, words: &[String]) -> Result<(), Unsound> {
    at_most(field, words.len(), limit::LISTED)?;
    for (index, word) in words.iter().enumerate() {
        is_text(&format!("{field}[{index}]"), word, 1, limit::WORD)?;
    }
    Ok(())
}

fn is_slug(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= 100 && text.bytes().all(allowed) && !text.starts_with('-') && !text.is_empty()
}
