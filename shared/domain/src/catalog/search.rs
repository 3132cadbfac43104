use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::tenant::Currency;

use super::{Price, Product, Variant, limit};

/// Texts as words of small plain letters and digits.
mod words;

pub use self::words::words;

#[cfg(test)]
mod tests;

/// A product as it is searched for.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its title, so that titles can be put in order.
    pub title_key: String,
    /// What it may be filtered by, as clients ask for it: `category=shirts`,
    /// `attribute.color=red`.
    pub facets: Vec<String>,
    /// Its words, in the order of their weights.
    pub terms: Vec<Term>,
    /// What it costs, and when.
    pub offers: Vec<Offer>,
}

/// A word of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Small letters and digits.
    pub word: String,
    /// Where it stands, from 1.
    pub position: usize,
    /// How much it says about the product.
    pub weight: Weight,
}

/// How much a word says about its product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Title, SKU, barcode.
    Name,
    /// Categories, options.
    Kind,
    /// Attributes.
    Trait,
    /// Description.
    Text,
}

/// The lowest and the highest price among the variants of a product, for as long as they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// In which currency.
    pub currency: Currency,
    /// From then on; always, when absent.
    pub starts_at: Option<Timestamp>,
    /// Until then; for ever, when absent.
    pub ends_at: Option<Timestamp>,
    /// Of the cheapest variant, in minor units.
    pub low_minor: i64,
    /// Of the dearest variant, in minor units.
    pub high_minor: i64,
}

/// In which order products are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What fits best first; without words, the newest.
    #[default]
    Relevance,
    /// The newest first.
    Newest,
    /// By title.
    Title,
    /// The cheapest first.
    Price,
    /// The dearest first.
    PriceDown,
}

/// There is no such order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sort by `relevance`, `newest`, `title`, `price` or `-price`")]
pub struct NotASort;

impl Sort {
    /// As it is asked for.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relevance => "relevance",
            Self::Newest => "newest",
            Self::Title => "title",
            Self::Price => "price",
            Self::PriceDown => "-price",
        }
    }

    /// Reads what is asked for.
    ///
    /// # Errors
    /// [`NotASort`].
    pub fn parse(text: &str) -> Result<Self, NotASort> {
        let all = [Self::Relevance, Self::Newest, Self::Title, Self::Price, Self::PriceDown];
        all.into_iter().find(|sort| sort.as_str() == text).ok_or(NotASort)
    }

    /// The same when there are words to be relevant to, or else by age.
    #[must_use]
    pub fn among(self, words: &[String]) -> Self {
        if self == Self::Relevance && words.is_empty() { Self::Newest } else { self }
    }

    /// Whether a product can stand at this key in the order.
    #[must_use]
    pub fn has_key(self, key: &str) -> bool {
        match self {
            Self::Relevance | Self::Price | Self::PriceDown => key.parse::<i64>().is_ok(),
            Self::Newest => key.parse::<Timestamp>().is_ok(),
            Self::Title => true,
        }
    }
}

impl Entry {
    /// Reads a product as those do who look for it.
    #[must_use]
    pub fn of(product: &Product) -> Self {
        Self {
            title_key: words(&product.title).join(" "),
            facets: facets(product),
            terms: terms(product),
            offers: offers(&product.variants),
        }
    }

    /// Every word once, in order.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let words: BTreeSet<&str> = self.terms.iter().map(|term| term.word.as_str()).collect();
        words.into_iter().collect()
    }
}

fn terms(product: &Product) -> Vec<Term> {
    let mut texts: Vec<(Weight, &str)> = vec![(Weight::Name, &product.title)];
    for variant in &product.variants {
        texts.push((Weight::Name, &variant.sku));
        texts.extend(variant.barcode.as_deref().map(|barcode| (Weight::Name, barcode)));
        texts.push((Weight::Kind, &variant.title));
        texts.extend(variant.options.iter().map(|value| (Weight::Kind, value.as_str())));
    }
    texts.extend(product.categories.iter().map(|category| (Weight::Kind, category.as_str())));
    let traits = product.attributes.values().flat_map(texts_of);
    texts.extend(traits.map(|text| (Weight::Trait, text)));
    texts.push((Weight::Text, &product.description));
    texts.sort_by_key(|(weight, _text)| *weight);
    // What is said twice, such as the size of every variant, counts once for each weight.
    let mut known = BTreeSet::new();
    let each = texts.into_iter().flat_map(|(weight, text)| {
        words(text).into_iter().map(move |word| (word, weight)).collect::<Vec<_>>()
    });
    each.filter(|(word, weight)| known.insert((word.clone(), *weight)))
        .take(limit::TERMS)
        .enumerate()
        .map(|(index, (word, weight))| Term { word, position: index + 1, weight })
        .collect()
}

fn texts_of(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    }
}

fn facets(product: &Product) -> Vec<String> {
    let mut facets = BTreeSet::new();
    facets.extend(product.categories.iter().map(|category| format!("category={category}")));
    // A name with a `=` could not be told from its value.
    let named = product.attributes.iter().filter(|(name, _value)| !name.contains('='));
    for (name, value) in named {
        let values =
            if let Value::Array(items) = value { &items[..] } else { std::slice::from_ref(value) };
        let values = values.iter().filter_map(plain);
        facets.extend(values.map(|value| format!("attribute.{name}={value}")));
    }
    for variant in &product.variants {
        let named = product.options.iter().zip(&variant.options);
        facets.extend(named.map(|(name, value)| format!("attribute.{name}={value}")));
    }
    facets.into_iter().take(limit::FACETS).collect()
}

/// A value that one can choose from a list.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            (1..=limit::WORD).contains(&text.chars().count()).then(|| text.clone())
        }
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn offers(variants: &[Variant]) -> Vec<Offer> {
    let mut currencies: BTreeMap<&str, Currency> = BTreeMap::new();
    for price in variants.iter().flat_map(|variant| &variant.prices) {
        // The code borrows from the currency that stands in the product.
        currencies.insert(price.money.currency.code(), price.money.currency);
    }
    currencies.into_values().flat_map(|currency| offers_in(variants, currency)).collect()
}

/// Between two instants at which some price begins or ends, nothing changes.
fn offers_in(variants: &[Variant], currency: Currency) -> Vec<Offer> {
    let prices = |variant: &Variant| -> Vec<Price> {
        let prices = variant.prices.iter().copied();
        prices.filter(|price| price.money.currency == currency).collect()
    };
    let by_variant: Vec<Vec<Price>> = variants.iter().map(prices).collect();
    let all = by_variant.iter().flatten();
    let edges: BTreeSet<Timestamp> =
        all.flat_map(|price| [price.starts_at, price.ends_at]).flatten().collect();
    let starts = std::iter::once(None).chain(edges.iter().copied().map(Some));
    let ends = edges.iter().copied().map(Some).chain(std::iter::once(None));
    let mut offers: Vec<Offer> = Vec::new();
    for (starts_at, ends_at) in starts.zip(ends) {
        let at = starts_at.unwrap_or(Timestamp::MIN);
        let amounts = || by_variant.iter().filter_map(|prices| price_at(prices, at));
        let (Some(low_minor), Some(high_minor)) = (amounts().min(), amounts().max()) else {
            continue;
        };
        match offers.last_mut() {
            Some(last)
                if last.ends_at == starts_at
                    && (last.low_minor, last.high_minor) == (low_minor, high_minor) =>
            {
                last.ends_at = ends_at;
            }
            _ => offers.push(Offer { currency, starts_at, ends_at, low_minor, high_minor }),
        }
    }
    offers
}

/// Of the prices of one currency whose time it is, the one that began last.
fn price_at(prices: &[Price], at: Timestamp) -> Option<i64> {
    let current = prices.iter().filter(|price| price.holds_at(at));
    current.max_by_key(|price| price.starts_at).map(|price| price.money.amount_minor)
}
