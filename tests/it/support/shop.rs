//! Things to sell.

use serde_json::{Value, json};
use uuid::Uuid;

/// A published product with a variant of each size, at 49.90 euros, and the id it may have.
#[must_use]
pub fn product(slug: &str, sizes: &[&str]) -> (Uuid, Value) {
    let variants: Vec<Value> =
        sizes.iter().map(|size| variant(&format!("{slug}-{size}"), size)).collect();
    let product = json!({
        "slug": slug,
        "title": format!("The {slug}"),
        "description": "Made by hand.",
        "attributes": { "material": "linen" },
        "options": ["size"],
        "categories": ["all"],
        "tax_category": "standard",
        "media": [{ "url": "https://pictures.example/1.jpg", "alt": "It lies on a table" }],
        "state": "published",
        "variants": variants,
    });
    (Uuid::now_v7(), product)
}

/// A variant at 49.90 euros.
#[must_use]
pub fn variant(sku: &str, size: &str) -> Value {
    json!({
        "id": Uuid::now_v7(),
        "sku": sku,
        "options": [size],
        "weight_grams": 250,
        "prices": [{ "amount_minor": 4990, "currency": "EUR" }],
    })
}
