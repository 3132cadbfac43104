use domain::cart::{Cart, CartLine, Settings, ShippingOption, Taxes, limit};
use domain::discount::Code;
use domain::id::{
    CartId, CreditId, LineId, OrderId, ProductId, ShippingOptionId, TenantNumber, VariantId,
};
use domain::money::{Rounding, Share};
use domain::order::Capture;
use domain::pricing::Prices;
use domain::tenant::Currency;
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::catalog::titled;
use crate::credits::read_credit;
use crate::discounts::read_discount;
use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter};

/// A cart that is made.
#[derive(Clone, Debug)]
pub struct NewCart<'a> {
    /// Which.
    pub id: CartId,
    /// The SHA-256 of its customer's token.
    pub token_hash: &'a [u8],
    /// Of all prices.
    pub currency: Currency,
    /// Where it goes, or nothing yet.
    pub country: &'a str,
    /// Where it comes from.
    pub channel: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// A change of a cart.
#[derive(Clone, Debug)]
pub enum Change<'a> {
    /// Put so many more pieces in. What is there already with the same properties is one line.
    Add {
        /// The line, if it is a new one.
        line: LineId,
        /// Of what.
        variant: Option<VariantId>,
        /// Of what, by the shop's own number.
        sku: Option<&'a str>,
        /// Pieces.
        quantity: u32,
        /// What the customer wants written on it and the like.
        properties: &'a Value,
    },
    /// So many pieces of a line; none takes it out.
    SetQuantity {
        /// Which line.
        line: LineId,
        /// Pieces.
        quantity: u32,
    },
    /// Where it goes and how.
    Send {
        /// To another country.
        country: Option<&'a str>,
        /// In another way.
        shipping: Option<ShippingOptionId>,
        /// With these codes instead.
        codes: Option<&'a [Code]>,
        /// Paid with this credit instead, or with none.
        credit: Option<Option<CreditId>>,
    },
}

/// Makes a cart.
///
/// # Errors
/// What Postgres answers.
pub async fn create(db: &Db, tenant: TenantNumber, cart: &NewCart<'_>) -> Result<(), Error> {
    let sql = include_str!("carts/create.sql");
    let parameters: &[Parameter<'_>] = &[
        (&tenant.0, Type::INT4),
        (&cart.id.0, Type::UUID),
        (&cart.token_hash, Type::BYTEA),
        (&cart.currency.code(), Type::TEXT),
        (&cart.country, Type::TEXT),
        (&cart.channel, Type::TEXT),
        (&cart.at, Type::TIMESTAMPTZ),
    ];
    db.flight(Some(tenant), &[Flight { sql, parameters }]).await.map(drop)
}

/// Reads a cart with all that its price depends on, as it is `at` an instant, in one round trip
/// however many lines it has.
///
/// # Errors
/// What Postgres answers.
pub async fn find(
    db: &Db,
    tenant: TenantNumber,
    id: CartId,
    at: Timestamp,
) -> Result<Option<Cart>, Error> {
    let asking = Asking::new(&tenant, &id, &at, &None);
    let statements = reading(&asking);
    let answers = db.snapshot(tenant, &statements, statements.len()).await?;
    read_cart(&answers, at)
}

/// Changes a cart. Changes that meet all count; `version` insists on the one that was seen.
///
/// # Errors
/// [`Error::Refused`] when the cart was changed or is closed, the line is not there, nothing of
/// that name is for sale, or it has too many lines: see [`Error::refusal`].
pub async fn change(
    db: &Db,
    tenant: TenantNumber,
    (id, version): (CartId, Option<i32>),
    change: &Change<'_>,
    at: Timestamp,
) -> Result<(), Error> {
    let of_cart = |sql| Statement::new(sql).with(tenant.0, Type::INT4).with(id.0, Type::UUID);
    let sent = match change {
        Change::Send { country, shipping, codes, credit } => {
            let text = |codes: &[Code]| codes.iter().cloned().map(String::from).collect();
            let credit = credit.map(|it| it.map_or(Uuid::nil(), |credit| credit.0));
            (country.map(str::to_owned), shipping.map(|it| it.0), codes.map(text), credit)
        }
        _ => (None, None, None, None),
    };
    // The row of the cart is locked first, so that changes of one cart follow each other.
    let mut statements = vec![touch((tenant, id), version, at, sent)];
    match change {
        Change::Add { line, variant, sku, quantity, properties } => {
            statements.push(
                of_cart(include_str!("carts/add.sql"))
                    .with(line.0, Type::UUID)
                    .with(variant.map(|variant| variant.0), Type::UUID)
                    .with(sku.map(str::to_owned), Type::TEXT)
                    .with(quantity.cast_signed(), Type::INT4)
                    .with((*properties).clone(), Type::JSONB)
                    .with(at, Type::TIMESTAMPTZ),
            );
            statements.push(full(tenant, id));
        }
        Change::SetQuantity { line, quantity } => statements.push(
            of_cart(include_str!("carts/set_quantity.sql"))
                .with(line.0, Type::UUID)
                .with(quantity.cast_signed(), Type::INT4),
        ),
        Change::Send { .. } => {}
    }
    fly(db, tenant, &statements).await.map(drop)
}

/// Puts all that is in one cart into another, and closes the first: pieces of the same add up, at
/// most to what a line may have. What is put into either at the same time counts, or is refused.
///
/// # Errors
/// [`Error::Refused`] when one of the carts is closed or was changed, or both have too many lines.
pub async fn merge(
    db: &Db,
    tenant: TenantNumber,
    (into, version): (CartId, Option<i32>),
    from: CartId,
    at: Timestamp,
) -> Result<(), Error> {
    let of_both = |sql| {
        let of = Statement::new(sql).with(tenant.0, Type::INT4).with(into.0, Type::UUID);
        of.with(from.0, Type::UUID)
    };
    let codes = i64::try_from(limit::CODES).unwrap_or(i64::MAX);
    let statements = [
        // In one order, so that two carts that take each other over do not wait for each other.
        of_both(include_str!("carts/lock_both.sql")),
        of_both(include_str!("carts/retire.sql")).with(at, Type::TIMESTAMPTZ),
        touch((tenant, into), version, at, (None, None, None, None)),
        of_both(include_str!("carts/take_over.sql")).with(codes, Type::INT8),
        of_both(include_str!("carts/take_lines.sql"))
            .with(limit::QUANTITY.cast_signed(), Type::INT4),
        full(tenant, into),
    ];
    fly(db, tenant, &statements).await.map(drop)
}

/// Where a cart goes, how, with which codes and paid with which credit, where that changes; no
/// credit is nil.
type Sent = (Option<String>, Option<Uuid>, Option<Vec<String>>, Option<Uuid>);

fn touch(
    (tenant, id): (TenantNumber, CartId),
    version: Option<i32>,
    at: Timestamp,
    (country, shipping, codes, credit): Sent,
) -> Statement {
    Statement::new(include_str!("carts/touch.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID)
        .with(version, Type::INT4)
        .with(at, Type::TIMESTAMPTZ)
        .with(country, Type::TEXT)
        .with(shipping, Type::UUID)
        .with(codes, Type::TEXT_ARRAY)
        .with(credit, Type::UUID)
}

fn full(tenant: TenantNumber, id: CartId) -> Statement {
    let most = i64::try_from(limit::LINES).unwrap_or(i64::MAX);
    Statement::new(include_str!("carts/full.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID)
        .with(most, Type::INT8)
}

/// Whose cart, when, and for which customer, where that is known.
pub(crate) struct Asking<'a> {
    pub(crate) parameters: [Parameter<'a>; 2],
    pub(crate) timed: [Parameter<'a>; 3],
    pub(crate) known: [Parameter<'a>; 3],
}

impl<'a> Asking<'a> {
    pub(crate) fn new(
        tenant: &'a TenantNumber,
        id: &'a CartId,
        at: &'a Timestamp,
        customer: &'a Option<Vec<u8>>,
    ) -> Self {
        let parameters: [Parameter<'_>; 2] = [(&tenant.0, Type::INT4), (&id.0, Type::UUID)];
        let [tenant, cart] = parameters.clone();
        let timed = [tenant.clone(), cart.clone(), (at, Type::TIMESTAMPTZ)];
        Self { parameters, timed, known: [tenant, cart, (customer, Type::BYTEA)] }
    }
}

pub(crate) const READING: usize = 6;

pub(crate) fn reading<'a>(asking: &'a Asking<'a>) -> [Flight<'a>; READING] {
    let parameters = &asking.parameters[..];
    [
        Flight { sql: include_str!("carts/find.sql"), parameters },
        Flight { sql: include_str!("carts/lines.sql"), parameters: &asking.timed },
        Flight { sql: include_str!("carts/taxes.sql"), parameters },
        Flight { sql: include_str!("carts/shipping.sql"), parameters },
        Flight { sql: include_str!("discounts/of_cart.sql"), parameters: &asking.known },
        Flight { sql: include_str!("credits/of_cart.sql"), parameters: &asking.known },
    ]
}

pub(crate) fn read_cart(answers: &[Vec<Row>], at: Timestamp) -> Result<Option<Cart>, Error> {
    let [found, lines, taxes, options, discounts, credit, ..] = answers else {
        return Ok(None);
    };
    let Some(row) = found.first() else { return Ok(None) };
    Ok(Some(Cart {
        id: CartId(row.get(0)),
        token_hash: row.get(1),
        version: row.get(2),
        currency: read_currency(row.get(4))?,
        country: row.get(5),
        channel: row.get(6),
        shipping: row.get::<_, Option<Uuid>>(7).map(ShippingOptionId),
        expires_at: row.get(8),
        order: row.get::<_, Option<Uuid>>(9).map(OrderId),
        merged_into: row.get::<_, Option<Uuid>>(10).map(CartId),
        codes: row.get::<_, Vec<String>>(11).iter().filter_map(|it| Code::parse(it).ok()).collect(),
        at,
        discounts: discounts.iter().map(read_discount).collect::<Result<_, _>>()?,
        credit: credit.first().map(read_credit).transpose()?,
        lines: lines.iter().map(line).collect::<Result<_, _>>()?,
        taxes: self::taxes(taxes)?,
        options: options.iter().map(read_shipping_option).collect(),
        settings: Settings {
            rounding: read_word::<Rounding>(row.get(12))?,
            capture: read_word::<Capture>(row.get(13))?,
            payment_minutes: row.get(14),
        },
    }))
}

fn line(row: &Row) -> Result<CartLine, Error> {
    let quantity: i32 = row.get(1);
    Ok(CartLine {
        id: LineId(row.get(0)),
        quantity: quantity.unsigned_abs(),
        properties: serde_json::from_str(row.get(2)).map_err(unreadable)?,
        variant: VariantId(row.get(3)),
        product: ProductId(row.get(4)),
        sku: row.get(5),
        title: titled(row.get(9), row.get(6)),
        weight_grams: row.get(7),
        is_stocked: row.get(8),
        categories: row.get(10),
        tax_category: row.get(11),
        is_for_sale: row.get(12),
        unit_price_minor: row.get(13),
    })
}

/// Where no zone is set up, nothing is taxed.
fn taxes(rows: &[Row]) -> Result<Taxes, Error> {
    let included = rows.first().is_none_or(|row| row.get(0));
    let rates = rows.iter().filter_map(|row| {
        let category: String = row.get::<_, Option<String>>(1)?;
        Some((category, row.get::<_, i32>(2)))
    });
    Ok(Taxes {
        prices: if included { Prices::WithTax } else { Prices::WithoutTax },
        rates: rates.map(read_rate).collect::<Result<_, Error>>()?,
    })
}

/// A tax category and what is taken of it.
pub(crate) fn read_rate((category, ppm): (String, i32)) -> Result<(String, Share), Error> {
    let share = Share::from_ppm(ppm.unsigned_abs());
    Ok((category, share.map_err(|error| Error::Stored("tax rate", error.into()))?))
}

/// The first nine columns of `carts/shipping.sql` and `shop/shipping.sql`.
pub(crate) fn read_shipping_option(row: &Row) -> ShippingOption {
    let (from, to): (i32, Option<i32>) = (row.get(5), row.get(6));
    ShippingOption {
        id: ShippingOptionId(row.get(0)),
        name: row.get(1),
        price_minor: row.get(2),
        tax_category: row.get(3),
        countries: row.get(4),
        weight_grams: (i64::from(from), to.map(i64::from)),
        total_minor: (row.get(7), row.get(8)),
    }
}

pub(crate) fn read_currency(code: String) -> Result<Currency, Error> {
    Currency::try_from(code).map_err(|error| Error::Stored("currency", error.into()))
}

pub(crate) fn read_word<T: serde::de::DeserializeOwned>(stored: &str) -> Result<T, Error> {
    serde_json::from_value(Value::from(stored)).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::Stored("cart", error.into())
}

/// A cart over which days have passed.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// Which.
    pub id: CartId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last touched.
    pub updated_at: Timestamp,
    /// It became no order, and no other cart.
    pub is_open: bool,
    /// Where it was to go; empty when nobody said.
    pub country: String,
    /// Where it came from.
    pub channel: String,
}

/// Carts with something in them that were last touched in a time.
///
/// # Errors
/// What Postgres answers.
pub async fn passed(
    db: &Db,
    tenant: TenantNumber,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Passed>, Error> {
    let parameters: &[Parameter<'_>] =
        &[(&tenant.0, Type::INT4), (&from, Type::TIMESTAMPTZ), (&to, Type::TIMESTAMPTZ)];
    let sql = include_str!("carts/passed.sql");
    let answers = db.flight(Some(tenant), &[Flight { sql, parameters }]).await?;
    let passed = answers[0].iter().map(|row| Passed {
        id: CartId(row.get(0)),
        created_at: row.get(1),
        updated_at: row.get(2),
        is_open: row.get(3),
        country: row.get(4),
        channel: row.get(5),
    });
    Ok(passed.collect())
}
