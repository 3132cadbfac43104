use tokio_postgres::Client;

use crate::Error;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Any number, the same in every process: two starters wait for each other on it.
const LOCK: i64 = 0x0074_616b_696e_6773;

/// Brings the schema up to date. Needs a direct connection in the role `owner`.
/// Answers the names of the migrations that were applied.
///
/// # Errors
/// [`Error::Migration`] names the one that failed; those before it stand.
pub async fn run(client: &mut Client) -> Result<Vec<String>, Error> {
    client.execute(include_str!("migrations/lock.sql"), &[&LOCK]).await?;
    let report = embedded::migrations::runner().run_async(client).await;
    client.execute(include_str!("migrations/unlock.sql"), &[&LOCK]).await?;
    Ok(report?.applied_migrations().iter().map(ToString::to_string).collect())
}
