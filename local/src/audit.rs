//! Whether the audit logs are what was written down.

use domain::audit::{BEGINNING, follow};
use store::Client;

/// So many entries are read at once, so that memory stays the same.
const PAGE: i64 = 1_000;

/// Follows the chain of every tenant to the end that is kept beside it, and tells what was found.
/// Whether all of them are sound.
///
/// # Errors
/// What Postgres answers.
pub async fn all(owner: &Client, tell: &mut dyn FnMut(&str)) -> Result<bool, store::Error> {
    let mut is_sound = true;
    for (tenant, last, hash) in store::audit::heads(owner).await? {
        let mut end = (0, BEGINNING);
        let told = loop {
            let links = store::audit::after(owner, tenant, end.0, PAGE).await?;
            if links.is_empty() {
                break match end == (last, hash) {
                    true => Ok(last),
                    false => Err(format!("its end is missing: {last} entries were written down")),
                };
            }
            match follow(end, &links) {
                Ok(next) => end = next,
                Err(broken) => break Err(broken.to_string()),
            }
        };
        match &told {
            Ok(entries) => tell(&format!("Tenant {tenant}: {entries} entries, sound")),
            Err(fault) => tell(&format!("Tenant {tenant}: {fault}")),
        }
        is_sound &= told.is_ok();
    }
    Ok(is_sound)
}
