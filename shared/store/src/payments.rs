use domain::id::{OrderId, PaymentId, TenantNumber};
use domain::payment::{Notice, Subject};
use jiff::Timestamp;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::statement::{Statement, column};
use crate::{Db, Error, Flight, Parameter};

/// Finds whose a payment is by the provider's name for it, across tenants: for notices that say
/// nothing else.
///
/// # Errors
/// What Postgres answers.
pub async fn find(db: &Db, gateway: &str, reference: &str) -> Result<Option<Subject>, Error> {
    let parameters: &[Parameter<'_>] = &[(&gateway, Type::TEXT), (&reference, Type::TEXT)];
    let sql = include_str!("payments/by_reference.sql");
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    Ok(answers[0].first().map(|row| Subject {
        tenant: TenantNumber(row.get(0)),
        order: OrderId(row.get(1)),
        payment: PaymentId(row.get(2)),
    }))
}

/// Something that a provider said about an order's payment.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Who.
    pub gateway: &'a str,
    /// What.
    pub notice: &'a Notice,
    /// Of which order and payment.
    pub subject: Subject,
}

/// A row of the inbox.
#[derive(Clone, Debug)]
pub(crate) struct NoticeRow {
    gateway: String,
    event: String,
    kind: String,
    happened_at: Timestamp,
    order: Uuid,
    payment: Uuid,
    events: i32,
    recorded_at: Timestamp,
}

impl Said<'_> {
    /// Its row of the inbox: so many events followed.
    pub(crate) fn row(&self, events: usize, at: Timestamp) -> NoticeRow {
        NoticeRow {
            gateway: self.gateway.to_owned(),
            event: self.notice.event.clone(),
            kind: self.notice.kind.clone(),
            happened_at: self.notice.created_at,
            order: self.subject.order.0,
            payment: self.subject.payment.0,
            events: i32::try_from(events).unwrap_or(i32::MAX),
            recorded_at: at,
        }
    }
}

/// Writes what was heard. Whoever writes it second is refused, with the constraint
/// `payment_notice_pkey`.
pub(crate) fn hear(tenant: TenantNumber, rows: &[NoticeRow]) -> Option<Statement> {
    (!rows.is_empty()).then(|| {
        Statement::new(include_str!("payments/hear.sql"))
            .with(tenant.0, Type::INT4)
            .with(column(rows, |row| row.gateway.clone()), Type::TEXT_ARRAY)
            .with(column(rows, |row| row.event.clone()), Type::TEXT_ARRAY)
            .with(column(rows, |row| row.kind.clone()), Type::TEXT_ARRAY)
            .with(column(rows, |row| row.happened_at), Type::TIMESTAMPTZ_ARRAY)
            .with(column(rows, |row| row.order), Type::UUID_ARRAY)
            .with(column(rows, |row| row.payment), Type::UUID_ARRAY)
            .with(column(rows, |row| row.events), Type::INT4_ARRAY)
            .with(column(rows, |row| row.recorded_at), Type::TIMESTAMPTZ_ARRAY)
    })
}

pub(crate) const WAS_HEARD: &str = include_str!("payments/was_heard.sql");
