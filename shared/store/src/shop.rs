use domain::cart::{Settings, ShippingOption, TaxZone, limit};
use domain::id::{ShippingOptionId, TenantNumber};
use domain::tenant::Currency;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::carts::{read_currency, read_rate, read_shipping_option, read_word};
use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter};

/// How a shop sells, and how long it waits for its customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shop {
    /// How it sells.
    pub settings: Settings,
    /// How long a cart waits, in days.
    pub cart_days: i32,
}

/// A way to get there, and its place among the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Offered {
    /// The way.
    pub option: ShippingOption,
    /// Of its price.
    pub currency: Currency,
    /// The least is shown first.
    pub position: i16,
}

/// How the shop sells; none while it is as it was made.
///
/// # Errors
/// What Postgres answers.
pub async fn settings(db: &Db, tenant: TenantNumber) -> Result<Option<Shop>, Error> {
    let rows = read(db, tenant, include_str!("shop/settings.sql")).await?;
    let shop = |row: &Row| {
        Ok(Shop {
            settings: Settings {
                rounding: read_word(row.get(0))?,
                capture: read_word(row.get(1))?,
                payment_minutes: row.get(2),
            },
            cart_days: row.get(3),
        })
    };
    rows.first().map(shop).transpose()
}

/// Writes how the shop sells.
///
/// # Errors
/// What Postgres answers.
pub async fn put_settings(db: &Db, tenant: TenantNumber, shop: &Shop) -> Result<(), Error> {
    let Settings { rounding, capture, payment_minutes } = shop.settings;
    let statement = Statement::new(include_str!("shop/put_settings.sql"))
        .with(tenant.0, Type::INT4)
        .with(rounding.as_str(), Type::TEXT)
        .with(capture.as_str(), Type::TEXT)
        .with(payment_minutes, Type::INT4)
        .with(shop.cart_days, Type::INT4);
    fly(db, tenant, &[statement]).await.map(drop)
}

/// Where is taxed what, by name.
///
/// # Errors
/// What Postgres answers.
pub async fn tax_zones(db: &Db, tenant: TenantNumber) -> Result<Vec<TaxZone>, Error> {
    let rows = read(db, tenant, include_str!("shop/tax_zones.sql")).await?;
    let zone = |row: &Row| {
        let (categories, rates): (Vec<String>, Vec<i32>) = (row.get(3), row.get(4));
        Ok(TaxZone {
            zone: row.get(0),
            countries: row.get(1),
            prices_include_tax: row.get(2),
            rates: categories
                .into_iter()
                .zip(rates)
                .map(read_rate)
                .collect::<Result<_, Error>>()?,
        })
    };
    rows.iter().map(zone).collect()
}

/// Writes a zone whole.
///
/// # Errors
/// [`Error::Refused`] when there are too many.
pub async fn put_tax_zone(db: &Db, tenant: TenantNumber, zone: &TaxZone) -> Result<(), Error> {
    let of_zone =
        |sql| Statement::new(sql).with(tenant.0, Type::INT4).with(zone.zone.clone(), Type::TEXT);
    let (categories, rates): (Vec<String>, Vec<i32>) = zone
        .rates
        .iter()
        .map(|(category, share)| (category.clone(), share.ppm().cast_signed()))
        .unzip();
    let statements = [
        of_zone(include_str!("shop/put_tax_zone.sql"))
            .with(zone.countries.clone(), Type::TEXT_ARRAY)
            .with(zone.prices_include_tax, Type::BOOL),
        of_zone(include_str!("shop/forget_rates.sql")),
        of_zone(include_str!("shop/put_rates.sql"))
            .with(categories, Type::TEXT_ARRAY)
            .with(rates, Type::INT4_ARRAY),
        full(tenant),
    ];
    fly(db, tenant, &statements).await.map(drop)
}

/// Takes a zone away. False when there was none.
///
/// # Errors
/// What Postgres answers.
pub async fn delete_tax_zone(db: &Db, tenant: TenantNumber, zone: &str) -> Result<bool, Error> {
    let statement = Statement::new(include_str!("shop/delete_tax_zone.sql"))
        .with(tenant.0, Type::INT4)
        .with(zone.to_owned(), Type::TEXT);
    Ok(!fly(db, tenant, &[statement]).await?[0].is_empty())
}

/// All ways to get there, in the order in which they are shown.
///
/// # Errors
/// What Postgres answers.
pub async fn shipping_options(db: &Db, tenant: TenantNumber) -> Result<Vec<Offered>, Error> {
    let rows = read(db, tenant, include_str!("shop/shipping.sql")).await?;
    let offered = |row: &Row| {
        Ok(Offered {
            option: read_shipping_option(row),
            currency: read_currency(row.get(9))?,
            position: row.get(10),
        })
    };
    rows.iter().map(offered).collect()
}

/// Writes a way to get there whole.
///
/// # Errors
/// [`Error::Refused`] when there are too many.
pub async fn put_shipping_option(
    db: &Db,
    tenant: TenantNumber,
    offered: &Offered,
) -> Result<(), Error> {
    let ShippingOption {
        id,
        name,
        price_minor,
        tax_category,
        countries,
        weight_grams,
        total_minor,
    } = offered.option.clone();
    let grams = |grams: i64| i32::try_from(grams).unwrap_or(i32::MAX);
    let statement = Statement::new(include_str!("shop/put_shipping.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID)
        .with(name, Type::TEXT)
        .with(offered.currency.code().to_owned(), Type::TEXT)
        .with(price_minor, Type::INT8)
        .with(tax_category, Type::TEXT)
        .with(countries, Type::TEXT_ARRAY)
        .with(grams(weight_grams.0), Type::INT4)
        .with(weight_grams.1.map(grams), Type::INT4)
        .with(total_minor.0, Type::INT8)
        .with(total_minor.1, Type::INT8)
        .with(offered.position, Type::INT2);
    fly(db, tenant, &[statement, full(tenant)]).await.map(drop)
}

/// Takes a way away. False when there was none.
///
/// # Errors
/// What Postgres answers.
pub async fn delete_shipping_option(
    db: &Db,
    tenant: TenantNumber,
    id: ShippingOptionId,
) -> Result<bool, Error> {
    let statement = Statement::new(include_str!("shop/delete_shipping.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID);
    Ok(!fly(db, tenant, &[statement]).await?[0].is_empty())
}

async fn read(db: &Db, tenant: TenantNumber, sql: &str) -> Result<Vec<Row>, Error> {
    let parameters: &[Parameter<'_>] = &[(&tenant.0, Type::INT4)];
    let mut answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    Ok(answers.remove(0))
}

fn full(tenant: TenantNumber) -> Statement {
    Statement::new(include_str!("shop/full.sql"))
        .with(tenant.0, Type::INT4)
        .with(limit::OF_A_SHOP, Type::INT8)
}
