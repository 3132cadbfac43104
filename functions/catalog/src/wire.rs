use std::collections::BTreeMap;

use domain::catalog::{Medium, Price, Product, ProductType, State, Variant};
use domain::id::{ProductId, VariantId};
use domain::money::Money;
use domain::tenant::Currency;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::catalog::search::Found;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be known of a product.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductIn {
    /// In addresses: 1 to 100 of a-z, 0-9 and -.
    #[schema(example = "linen-shirt")]
    slug: String,
    /// At most 200 characters.
    #[schema(example = "Linen shirt")]
    title: String,
    /// At most 20,000 characters.
    #[serde(default)]
    description: String,
    /// What its attributes must be: the name of a product type. Anything when absent.
    #[serde(rename = "type")]
    product_type: Option<String>,
    /// Whatever else is to be known of it.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    /// What its variants differ in.
    #[serde(default)]
    #[schema(example = json!(["size"]))]
    options: Vec<String>,
    /// Where it is found.
    #[serde(default)]
    categories: Vec<String>,
    /// Which tax rate holds for it; `standard` unless given.
    #[serde(default = "standard")]
    tax_category: String,
    /// Pictures.
    #[serde(default)]
    media: Vec<MediumWire>,
    /// `draft`, `published` or `archived`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "published")]
    state: State,
    /// 1 to 250.
    variants: Vec<VariantIn>,
}

/// What can be bought.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VariantIn {
    /// Yours to choose.
    id: Uuid,
    /// Your number for it. No two variants share one.
    #[schema(example = "LS-M")]
    sku: String,
    /// On its package.
    barcode: Option<String>,
    /// Where the product's title is not enough.
    #[serde(default)]
    title: String,
    /// The values of the product's options, in their order.
    #[serde(default)]
    #[schema(example = json!(["M"]))]
    options: Vec<String>,
    /// Grams.
    #[serde(default)]
    weight_grams: i32,
    /// False for what is always to be had.
    #[serde(default = "yes")]
    is_stocked: bool,
    /// In each currency, and sales.
    #[serde(default)]
    prices: Vec<PriceWire>,
}

/// A picture.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediumWire {
    /// An `https://` address.
    url: String,
    /// What is to be seen, for those who do not see it.
    #[serde(default)]
    alt: String,
}

/// What a piece costs. Of all whose time it is, the one that began last.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceWire {
    /// Minor units: cents, pence, yen.
    #[schema(example = 4990)]
    amount_minor: i64,
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// From then on; always, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    starts_at: Option<Timestamp>,
    /// Until then; for ever, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    ends_at: Option<Timestamp>,
}

/// A product.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductOut {
    id: Uuid,
    slug: String,
    title: String,
    description: String,
    /// What its attributes are.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    product_type: Option<String>,
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
    options: Vec<String>,
    categories: Vec<String>,
    tax_category: String,
    media: Vec<MediumWire>,
    #[schema(value_type = String)]
    state: State,
    /// Grows with every change; also the `ETag`.
    version: i32,
    variants: Vec<VariantOut>,
}

/// What can be bought.
#[derive(Serialize, ToSchema)]
struct VariantOut {
    id: Uuid,
    sku: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    barcode: Option<String>,
    title: String,
    options: Vec<String>,
    weight_grams: i32,
    is_stocked: bool,
    prices: Vec<PriceWire>,
}

/// What the attributes of some products must be.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductTypeDocument {
    /// JSON Schema, draft 2020-12: of its keywords `type`, `enum`, `const`, `properties`,
    /// `required`, `additionalProperties`, `items`, `minItems`, `maxItems`, `uniqueItems`,
    /// `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`,
    /// `pattern`, and those that only explain.
    #[schema(value_type = Object, example = json!({
        "properties": { "material": { "enum": ["linen", "cotton"] } }, "required": ["material"]
    }))]
    pub(crate) schema: Value,
}

/// All product types.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductTypesOut {
    /// By name.
    pub(crate) product_types: BTreeMap<String, ProductTypeDocument>,
}

impl From<ProductType> for ProductTypeDocument {
    fn from(known: ProductType) -> Self {
        Self { schema: known.written }
    }
}

/// Products, in the order that was asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductsOut {
    products: Vec<ProductOut>,
    /// How many there are on all pages.
    total: i32,
    /// False when there are more than `total`. The facets are then counted in so many of them.
    total_is_exact: bool,
    /// For each of `category` and `attribute.<name>` the 50 values that most products have. On the
    /// first page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<BTreeMap<String, Vec<FoundOut>>>,
    /// Give it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A value of a facet.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundOut {
    pub(crate) value: String,
    /// Products that have it.
    pub(crate) products: i32,
}

impl ProductsOut {
    /// What was found, and where the next page begins.
    pub(crate) fn of(found: Found, next: Option<String>, counts: bool) -> Self {
        let mut facets: BTreeMap<String, Vec<FoundOut>> = BTreeMap::new();
        for (facet, products) in found.facets {
            let name = facet.split('=').next().unwrap_or_default().to_owned();
            facets.entry(name).or_default().push(FoundOut::from((facet, products)));
        }
        for values in facets.values_mut() {
            values.sort_by_key(|value| std::cmp::Reverse(value.products));
        }
        Self {
            products: found.products.into_iter().map(ProductOut::from).collect(),
            total: found.total,
            total_is_exact: found.is_complete,
            facets: counts.then_some(facets),
            next,
        }
    }
}

impl From<(String, i32)> for FoundOut {
    fn from((facet, products): (String, i32)) -> Self {
        let value = facet.split_once('=').map_or("", |(_name, value)| value).to_owned();
        Self { value, products }
    }
}

impl ProductIn {
    /// The product under its id.
    pub(crate) fn named(self, id: ProductId) -> Product {
        Product {
            id,
            slug: self.slug,
            title: self.title,
            description: self.description,
            product_type: self.product_type,
            attributes: self.attributes,
            options: self.options,
            categories: self.categories,
            tax_category: self.tax_category,
            media: self.media.into_iter().map(|it| Medium { url: it.url, alt: it.alt }).collect(),
            state: self.state,
            version: 0,
            variants: self.variants.into_iter().map(Variant::from).collect(),
        }
    }
}

impl From<VariantIn> for Variant {
    fn from(wire: VariantIn) -> Self {
        Self {
            id: VariantId(wire.id),
            sku: wire.sku,
            barcode: wire.barcode,
            title: wire.title,
            options: wire.options,
            weight_grams: wire.weight_grams,
            is_stocked: wire.is_stocked,
            prices: wire.prices.into_iter().map(Price::from).collect(),
        }
    }
}

impl From<PriceWire> for Price {
    fn from(wire: PriceWire) -> Self {
        let PriceWire { amount_minor, currency, starts_at, ends_at } = wire;
        Self { money: Money { amount_minor, currency }, starts_at, ends_at }
    }
}

impl From<Price> for PriceWire {
    fn from(price: Price) -> Self {
        let Price { money: Money { amount_minor, currency }, starts_at, ends_at } = price;
        Self { amount_minor, currency, starts_at, ends_at }
    }
}

impl From<Product> for ProductOut {
    fn from(product: Product) -> Self {
        Self {
            id: product.id.0,
            slug: product.slug,
            title: product.title,
            description: product.description,
            product_type: product.product_type,
            attributes: product.attributes,
            options: product.options,
            categories: product.categories,
            tax_category: product.tax_category,
            media: product
                .media
                .into_iter()
                .map(|it| MediumWire { url: it.url, alt: it.alt })
                .collect(),
            state: product.state,
            version: product.version,
            variants: product.variants.into_iter().map(VariantOut::from).collect(),
        }
    }
}

impl From<Variant> for VariantOut {
    fn from(variant: Variant) -> Self {
        Self {
            id: variant.id.0,
            sku: variant.sku,
            barcode: variant.barcode,
            title: variant.title,
            options: variant.options,
            weight_grams: variant.weight_grams,
            is_stocked: variant.is_stocked,
            prices: variant.prices.into_iter().map(PriceWire::from).collect(),
        }
    }
}

fn standard() -> String {
    "standard".to_owned()
}

fn yes() -> bool {
    true
}
