use domain::catalog::{Product, State};
use domain::id::{ProductId, TenantNumber, VariantId};
use domain::order::{Pick, Replacement};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter, one_row, stock};

/// Finding products by words, facets and prices.
pub mod search;
/// Many products, as a table has them.
pub mod sheet;
/// What the attributes of products must be.
pub mod types;

/// Writes a whole product: what is not in it any more is gone. `expected` is the version that
/// the caller saw; 0 says that there is none yet. `type_version` is that of the product's type, by
/// which its attributes were found to fit. The product as it is then.
///
/// # Errors
/// [`Error::Refused`] when product or type has another version, or a variant is another product's;
/// [`Error::Conflict`] with the constraint `product_slug` or `variant_sku` when that is taken;
/// [`Error::Statement`] with a foreign key when a variant that vanished has stock or orders.
pub async fn put(
    db: &Db,
    tenant: TenantNumber,
    product: &Product,
    expected: Option<i32>,
    type_version: Option<i32>,
) -> Result<Product, Error> {
    let of_type = product.product_type.as_deref().zip(type_version);
    let mut statements: Vec<Statement> =
        of_type.map(|(name, version)| types::hold(tenant, name, version)).into_iter().collect();
    statements.extend([
        put_product(tenant, product, expected)?,
        Statement::new(include_str!("catalog/remove_variants.sql"))
            .with(tenant.0, Type::INT4)
            .with(product.id.0, Type::UUID)
            .with(variants(product), Type::UUID_ARRAY),
        put_variants(tenant, product)?,
        Statement::new(include_str!("catalog/remove_prices.sql"))
            .with(tenant.0, Type::INT4)
            .with(variants(product), Type::UUID_ARRAY),
        put_prices(tenant, product),
    ]);
    statements.extend(search::index(tenant, product));
    statements.push(
        Statement::new(FIND)
            .with(tenant.0, Type::INT4)
            .with(product.id.0, Type::UUID)
            .with(product.slug.clone(), Type::TEXT),
    );
    let mut answers = fly(db, tenant, &statements).await?;
    read_product(&one_row(answers.pop().unwrap_or_default(), "product")?, 0)
}

/// Finds a product by its id or its slug.
///
/// # Errors
/// What Postgres answers.
pub async fn find(
    db: &Db,
    tenant: TenantNumber,
    id: Option<ProductId>,
    slug: &str,
) -> Result<Option<Product>, Error> {
    let id = id.map(|id| id.0);
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&id, Type::UUID), (&slug, Type::TEXT)];
    let answers = db.flight(Some(tenant), &[Flight { sql: FIND, parameters }]).await?;
    answers[0].first().map(|row| read_product(row, 0)).transpose()
}

/// What could be sent of some variants: those that there are, one piece of each, and what could be
/// taken of them from stock, in order of preference.
///
/// # Errors
/// What Postgres answers.
pub async fn goods(
    db: &Db,
    tenant: TenantNumber,
    variants: &[VariantId],
) -> Result<(Vec<Replacement>, Vec<Pick>), Error> {
    let ids: Vec<Uuid> = variants.iter().map(|variant| variant.0).collect();
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&ids, Type::UUID_ARRAY)];
    let statements = [
        Flight { sql: include_str!("catalog/goods.sql"), parameters },
        Flight { sql: include_str!("stock/offers.sql"), parameters },
    ];
    let answers = db.flight(Some(tenant), &statements).await?;
    let one = |row: &Row| Replacement {
        variant: VariantId(row.get(0)),
        product: ProductId(row.get(1)),
        sku: row.get(2),
        title: titled(row.get(5), row.get(3)),
        categories: row.get(6),
        quantity: 1,
        is_stocked: row.get(4),
    };
    Ok((answers[0].iter().map(one).collect(), answers[1].iter().map(stock::offer).collect()))
}

/// How a variant is called where it stands alone.
pub(crate) fn titled(product: String, variant: &str) -> String {
    if variant.is_empty() { product } else { format!("{product}, {variant}") }
}

/// Takes a product from sale. False when there is none.
///
/// # Errors
/// What Postgres answers.
pub async fn archive(db: &Db, tenant: TenantNumber, id: ProductId) -> Result<bool, Error> {
    let archive = Statement::new(include_str!("catalog/archive.sql"));
    let mut statements = vec![archive.with(tenant.0, Type::INT4).with(id.0, Type::UUID)];
    statements.extend(search::hide(tenant, id));
    Ok(!fly(db, tenant, &statements).await?[0].is_empty())
}

const FIND: &str = include_str!("catalog/find.sql");

fn variants(product: &Product) -> Vec<uuid::Uuid> {
    product.variants.iter().map(|variant| variant.id.0).collect()
}

fn put_product(
    tenant: TenantNumber,
    product: &Product,
    expected: Option<i32>,
) -> Result<Statement, Error> {
    let json = |value: Result<serde_json::Value, serde_json::Error>| {
        value.map_err(|error| Error::Stored("product", error.into()))
    };
    Ok(Statement::new(include_str!("catalog/put.sql"))
        .with(tenant.0, Type::INT4)
        .with(product.id.0, Type::UUID)
        .with(product.slug.clone(), Type::TEXT)
        .with(product.title.clone(), Type::TEXT)
        .with(product.description.clone(), Type::TEXT)
        .with(json(serde_json::to_value(&product.attributes))?, Type::JSONB)
        .with(product.options.clone(), Type::TEXT_ARRAY)
        .with(product.categories.clone(), Type::TEXT_ARRAY)
        .with(product.tax_category.clone(), Type::TEXT)
        .with(json(serde_json::to_value(&product.media))?, Type::JSONB)
        .with(word(product.state), Type::TEXT)
        .with(product.product_type.clone(), Type::TEXT)
        .with(expected, Type::INT4))
}

fn put_variants(tenant: TenantNumber, product: &Product) -> Result<Statement, Error> {
    let all = &product.variants;
    let options: Result<Vec<String>, _> =
        all.iter().map(|variant| serde_json::to_string(&variant.options)).collect();
    let options = options.map_err(|error| Error::Stored("variant", error.into()))?;
    let texts = |of: fn(&domain::catalog::Variant) -> String| all.iter().map(of).collect();
    let (skus, titles): (Vec<String>, Vec<String>) =
        (texts(|variant| variant.sku.clone()), texts(|variant| variant.title.clone()));
    let barcodes: Vec<Option<String>> = all.iter().map(|it| it.barcode.clone()).collect();
    let weights: Vec<i32> = all.iter().map(|variant| variant.weight_grams).collect();
    let stocked: Vec<bool> = all.iter().map(|variant| variant.is_stocked).collect();
    Ok(Statement::new(include_str!("catalog/put_variants.sql"))
        .with(tenant.0, Type::INT4)
        .with(product.id.0, Type::UUID)
        .with(variants(product), Type::UUID_ARRAY)
        .with(skus, Type::TEXT_ARRAY)
        .with(barcodes, Type::TEXT_ARRAY)
        .with(titles, Type::TEXT_ARRAY)
        .with(options, Type::TEXT_ARRAY)
        .with(weights, Type::INT4_ARRAY)
        .with(stocked, Type::BOOL_ARRAY))
}

fn put_prices(tenant: TenantNumber, product: &Product) -> Statement {
    let (mut of, mut currencies, mut amounts) = (vec![], vec![], vec![]);
    let (mut starts, mut ends): (Vec<Option<Timestamp>>, Vec<Option<Timestamp>>) = (vec![], vec![]);
    for variant in &product.variants {
        for price in &variant.prices {
            of.push(variant.id.0);
            currencies.push(price.money.currency.code().to_owned());
            starts.push(price.starts_at);
            ends.push(price.ends_at);
            amounts.push(price.money.amount_minor);
        }
    }
    Statement::new(include_str!("catalog/put_prices.sql"))
        .with(tenant.0, Type::INT4)
        .with(of, Type::UUID_ARRAY)
        .with(currencies, Type::TEXT_ARRAY)
        .with(starts, Type::TIMESTAMPTZ_ARRAY)
        .with(ends, Type::TIMESTAMPTZ_ARRAY)
        .with(amounts, Type::INT8_ARRAY)
}

/// The product whose columns begin at `from`.
fn read_product(row: &Row, from: usize) -> Result<Product, Error> {
    Ok(Product {
        id: ProductId(row.get(from)),
        slug: row.get(from + 1),
        title: row.get(from + 2),
        description: row.get(from + 3),
        attributes: read(row.get(from + 4))?,
        options: row.get(from + 5),
        categories: row.get(from + 6),
        tax_category: row.get(from + 7),
        media: read(row.get(from + 8))?,
        state: read(&format!("\"{}\"", row.get::<_, &str>(from + 9)))?,
        version: row.get(from + 10),
        variants: read(row.get(from + 11))?,
        product_type: row.get(from + 12),
    })
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Stored("product", error.into()))
}

fn word(state: State) -> &'static str {
    match state {
        State::Draft => "draft",
        State::Published => "published",
        State::Archived => "archived",
    }
}
