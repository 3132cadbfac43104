use domain::id::{OrderId, TenantNumber};
use domain::report::DeliveryState;
use jiff::Timestamp;
use tokio_postgres::types::Type;

use crate::{Db, Error, Flight, Parameter, metrics};

/// A letter about an event of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderLetter {
    /// Whose.
    pub tenant: TenantNumber,
    /// About which order.
    pub order: OrderId,
    /// About which event of it.
    pub version: i32,
}

/// Claims a letter that was not handed over, also from a worker that may have died. One that
/// another worker handed over without telling the end becomes unknown. Answers where it stands.
///
/// # Errors
/// What Postgres answers.
pub async fn claim(
    db: &Db,
    letter: OrderLetter,
    news: &str,
    now: Timestamp,
) -> Result<DeliveryState, Error> {
    let parameters: &[Parameter<'_>] = &[
        (&letter.tenant.0, Type::INT4),
        (&letter.order.0, Type::UUID),
        (&letter.version, Type::INT4),
        (&news, Type::TEXT),
        (&now, Type::TIMESTAMPTZ),
    ];
    let sql = include_str!("letters/claim.sql");
    let mut answers = db.flight(Some(letter.tenant), &[Flight { sql, parameters }]).await?;
    metrics::read(&crate::one_row(answers.remove(0), "letter")?, 0)
}

/// Moves a letter from one of these states to another. False: it stood elsewhere.
///
/// # Errors
/// What Postgres answers.
pub async fn settle(
    db: &Db,
    letter: OrderLetter,
    from: &[DeliveryState],
    (to, detail): (DeliveryState, Option<&str>),
    now: Timestamp,
) -> Result<bool, Error> {
    let from: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
    let to = to.as_str();
    let parameters: &[Parameter<'_>] = &[
        (&letter.tenant.0, Type::INT4),
        (&letter.order.0, Type::UUID),
        (&letter.version, Type::INT4),
        (&to, Type::TEXT),
        (&detail, Type::TEXT),
        (&now, Type::TIMESTAMPTZ),
        (&from, Type::TEXT_ARRAY),
    ];
    let sql = include_str!("letters/settle.sql");
    let answers = db.flight(Some(letter.tenant), &[Flight { sql, parameters }]).await?;
    Ok(!answers[0].is_empty())
}
