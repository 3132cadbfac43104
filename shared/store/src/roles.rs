use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::{Error, one_row};

/// Whether somebody gave one of the roles that migrations make a way in before.
///
/// # Errors
/// What Postgres answers.
pub async fn can_log_in(client: &Client, role: &str) -> Result<bool, Error> {
    let sql = include_str!("roles/can_log_in.sql");
    let rows = client.query_typed(sql, &[(&role, Type::TEXT)]).await?;
    Ok(one_row(rows, "role")?.get(0))
}

/// Lets one of the roles that migrations make log in with a password. In the role `owner`.
///
/// # Errors
/// What Postgres answers.
pub async fn let_in(client: &Client, role: &str, password: &str) -> Result<(), Error> {
    // A role's password is no parameter of any statement: Postgres itself writes this one.
    let sql = include_str!("roles/let_in.sql");
    let rows = client.query_typed(sql, &[(&role, Type::TEXT), (&password, Type::TEXT)]).await?;
    let statement: String = one_row(rows, "statement")?.get(0);
    client.execute(&statement, &[]).await?;
    Ok(())
}
