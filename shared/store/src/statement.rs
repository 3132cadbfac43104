use tokio_postgres::types::{ToSql, Type};

use crate::{Flight, Parameter};

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

    pub(crate) fn borrowed(&self) -> Vec<Parameter<'_>> {
        let parameters = self.parameters.iter();
        parameters.map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect()
    }
}

/// The statements as a transaction takes them.
pub(crate) fn flights<'a>(
    statements: &'a [Statement],
    parameters: &'a [Vec<Parameter<'a>>],
) -> Vec<Flight<'a>> {
    let both = statements.iter().zip(parameters);
    both.map(|(statement, parameters)| Flight { sql: statement.sql, parameters }).collect()
}
