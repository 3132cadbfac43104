use domain::cart::Cart;
use domain::discount::customer_hash;
use domain::id::{CartId, ContactId, OrderId, TenantNumber};
use domain::order::{Order, Pick};
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::carts::{Asking, READING, read_cart, reading};
use crate::statement::{Statement, fly};
use crate::{Db, Error, Flight, Parameter, stock};

/// What a checkout needs to know, of one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The cart.
    pub cart: Option<Cart>,
    /// What could be taken from stock, in order of preference.
    pub offers: Vec<Pick>,
    /// The checkout that was asked for under the same key.
    pub call: Option<Call>,
}

/// A checkout that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Tells another body under the same key.
    pub fingerprint: Vec<u8>,
    /// The order that it opened.
    pub order: OrderId,
    /// Its answer; none while it is under way.
    pub answer: Option<Vec<u8>>,
    /// Until then nobody else goes on with it.
    pub lease_until: Timestamp,
}

/// Who buys, and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// Which.
    pub id: ContactId,
    /// Where letters go.
    pub email: String,
    /// What to call them.
    pub name: String,
    /// For the carrier.
    pub phone: Option<String>,
    /// Where it goes, as JSON.
    pub shipping_address: Option<Value>,
    /// Who pays, as JSON.
    pub billing_address: Option<Value>,
}

/// What is written with the opening of an order.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The key of whoever asked.
    pub key: &'a str,
    /// Of what was asked.
    pub fingerprint: &'a [u8],
    /// The version of the cart that was priced.
    pub cart_version: i32,
    /// Who buys.
    pub contact: &'a Contact,
    /// Until then nobody else goes on with it.
    pub lease_until: Timestamp,
    /// From then on the key is forgotten.
    pub expires_at: Timestamp,
}

/// The answer to a checkout, which is given again to whoever asks again.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The key of whoever asked.
    pub key: &'a str,
    /// Byte for byte.
    pub body: &'a [u8],
}

/// Reads the cart with all that its price depends on, for the customer of that address, stock, and
/// what was asked under the key, in one round trip.
///
/// # Errors
/// What Postgres answers.
pub async fn read(
    db: &Db,
    tenant: TenantNumber,
    cart: CartId,
    (key, email): (&str, &str),
    at: Timestamp,
) -> Result<Found, Error> {
    let customer = Some(customer_hash(email));
    let asking = Asking::new(&tenant, &cart, &at, &customer);
    let keyed: &[Parameter<'_>] = &[(&tenant.0, Type::INT4), (&key, Type::TEXT)];
    let mut statements = Vec::from(reading(&asking));
    let parameters = &asking.parameters[..];
    statements.push(Flight { sql: include_str!("checkout/offers.sql"), parameters });
    statements.push(Flight { sql: include_str!("checkout/call.sql"), parameters: keyed });
    let answers = db.snapshot(tenant, &statements, statements.len()).await?;
    let (of_cart, rest) = answers.split_at(READING);
    let offers = rest[0].iter().map(stock::offer).collect();
    Ok(Found { cart: read_cart(of_cart, at)?, offers, call: rest[1].first().map(call) })
}

/// Takes a call over that nobody goes on with.
///
/// # Errors
/// [`Error::Refused`] when somebody does, or it is answered.
pub async fn lease(
    db: &Db,
    tenant: TenantNumber,
    key: &str,
    (now, until): (Timestamp, Timestamp),
) -> Result<(), Error> {
    let statement = Statement::new(include_str!("checkout/lease.sql"))
        .with(tenant.0, Type::INT4)
        .with(key.to_owned(), Type::TEXT)
        .with(now, Type::TIMESTAMPTZ)
        .with(until, Type::TIMESTAMPTZ);
    fly(db, tenant, &[statement]).await.map(drop)
}

/// Keeps an answer, unless there is one.
///
/// # Errors
/// What Postgres answers.
pub async fn answer(db: &Db, tenant: TenantNumber, answer: &Answer<'_>) -> Result<(), Error> {
    fly(db, tenant, &[answer.statement(tenant)]).await.map(drop)
}

impl Opening<'_> {
    /// Before anything else of the opening: whoever asked first under the key is the only one.
    pub(crate) fn statement(
        &self,
        tenant: TenantNumber,
        order: &Order,
        at: Timestamp,
    ) -> Statement {
        let opening = Statement::new(include_str!("checkout/open.sql"))
            .with(tenant.0, Type::INT4)
            .with(self.key.to_owned(), Type::TEXT)
            .with(self.fingerprint.to_vec(), Type::BYTEA)
            .with(order.id.0, Type::UUID)
            .with(self.lease_until, Type::TIMESTAMPTZ)
            .with(self.expires_at, Type::TIMESTAMPTZ)
            .with(order.terms.cart.0, Type::UUID)
            .with(self.cart_version, Type::INT4)
            .with(at, Type::TIMESTAMPTZ);
        self.contact.columns(opening)
    }
}

impl Contact {
    fn columns(&self, statement: Statement) -> Statement {
        statement
            .with(self.id.0, Type::UUID)
            .with(self.email.clone(), Type::TEXT)
            .with(self.name.clone(), Type::TEXT)
            .with(self.phone.clone(), Type::TEXT)
            .with(self.shipping_address.clone(), Type::JSONB)
            .with(self.billing_address.clone(), Type::JSONB)
    }

    pub(crate) fn change(&self, tenant: TenantNumber) -> Statement {
        let change = Statement::new(include_str!("checkout/change_contact.sql"));
        self.columns(change.with(tenant.0, Type::INT4))
    }
}

impl Answer<'_> {
    pub(crate) fn statement(&self, tenant: TenantNumber) -> Statement {
        Statement::new(include_str!("checkout/answer.sql"))
            .with(tenant.0, Type::INT4)
            .with(self.key.to_owned(), Type::TEXT)
            .with(self.body.to_vec(), Type::BYTEA)
    }
}

fn call(row: &Row) -> Call {
    Call {
        fingerprint: row.get(0),
        order: OrderId(row.get(1)),
        answer: row.get(2),
        lease_until: row.get(3),
    }
}
