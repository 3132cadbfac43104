use domain::id::{PersonId, TenantNumber};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Transaction};

use crate::{Db, Error, Flight, Parameter, Tx};

/// A statement that owns its parameters, so that a transaction can be put together in pieces.
pub(crate) struct Statement {
    sql: &'static str,
    parameters: Vec<(Box<dyn ToSql + Send + Sync>, Type)>,
}

impl Statement {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql, parameters: vec![] }
    }

    pub(crate) fn with(mut self, value: impl ToSql + Send + Sync + 'static, of: Type) -> Self {
        self.parameters.push((Box::new(value), of));
        self
    }

    /// Runs it alone, in whatever role.
    pub(crate) async fn run(&self, transaction: &Transaction<'_>) -> Result<Vec<Row>, Error> {
        Ok(transaction.query_typed(self.sql, &self.borrowed()).await?)
    }

    fn borrowed(&self) -> Vec<Parameter<'_>> {
        let parameters = self.parameters.iter();
        parameters.map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect()
    }
}

/// One column of rows that are written together.
pub(crate) fn column<Row, Value>(rows: &[Row], value: impl Fn(&Row) -> Value) -> Vec<Value> {
    rows.iter().map(value).collect()
}

/// Runs the statements as one transaction in one round trip: see [`Db::flight`].
pub(crate) async fn fly(
    db: &Db,
    tenant: TenantNumber,
    statements: &[Statement],
) -> Result<Vec<Vec<Row>>, Error> {
    let parameters = parameters(statements);
    db.flight(Some(tenant), &flights(statements, &parameters)).await
}

/// The same for what is a person's: see [`Db::personal`].
pub(crate) async fn as_person(
    db: &Db,
    person: PersonId,
    tenant: Option<TenantNumber>,
    statements: &[Statement],
) -> Result<Vec<Vec<Row>>, Error> {
    let parameters = parameters(statements);
    db.personal(person, tenant, &flights(statements, &parameters)).await
}

/// The same for what runs very often with the same plan: see [`Db::routine`].
pub(crate) async fn fly_routinely(
    db: &Db,
    tenant: Option<TenantNumber>,
    statements: &[Statement],
) -> Result<Vec<Vec<Row>>, Error> {
    let parameters = parameters(statements);
    db.routine(tenant, &flights(statements, &parameters)).await
}

/// Runs the statements within a transaction, in one round trip.
pub(crate) async fn within(tx: &Tx, statements: &[Statement]) -> Result<Vec<Vec<Row>>, Error> {
    let parameters = parameters(statements);
    tx.pipeline(&flights(statements, &parameters)).await
}

fn parameters(statements: &[Statement]) -> Vec<Vec<Parameter<'_>>> {
    statements.iter().map(Statement::borrowed).collect()
}

fn flights<'a>(
    statements: &'a [Statement],
    parameters: &'a [Vec<Parameter<'a>>],
) -> Vec<Flight<'a>> {
    let both = statements.iter().zip(parameters);
    both.map(|(statement, parameters)| Flight { sql: statement.sql, parameters }).collect()
}
