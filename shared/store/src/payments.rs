use domain::id::{OrderId, PaymentId, TenantNumber};
use domain::payment::{Notice, Subject};
use jiff::Timestamp;
use tokio_postgres::types::Type;

use crate::statement::Statement;
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

impl Said<'_> {
    /// Its row of the inbox. Whoever writes it second is refused, with the constraint
    /// `payment_notice_pkey`.
    pub(crate) fn statement(&self, events: usize, at: Timestamp) -> Statement {
        let events = i32::try_from(events).unwrap_or(i32::MAX);
        Statement::new(include_str!("payments/hear.sql"))
            .with(self.subject.tenant.0, Type::INT4)
            .with(self.gateway.to_owned(), Type::TEXT)
            .with(self.notice.event.clone(), Type::TEXT)
            .with(self.notice.kind.clone(), Type::TEXT)
            .with(self.notice.created_at, Type::TIMESTAMPTZ)
            .with(self.subject.order.0, Type::UUID)
            .with(self.subject.payment.0, Type::UUID)
            .with(events, Type::INT4)
            .with(at, Type::TIMESTAMPTZ)
    }
}

pub(crate) const WAS_HEARD: &str = include_str!("payments/was_heard.sql");
