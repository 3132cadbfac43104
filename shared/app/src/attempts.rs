use std::net::IpAddr;

use axum::extract::FromRequestParts;
use domain::limit::Limit;
use http::request::Parts;
use jiff::Timestamp;
use store::receipts;

use crate::{App, Problem, ProblemCode};

/// From which address of the net a call comes. Its host says so; none where it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    /// As it is kept.
    #[must_use]
    pub fn text(self) -> String {
        self.0.map_or_else(|| "unknown".to_owned(), |address| address.to_string())
    }

    /// Who shares it, for counting: an IPv6 customer has a whole /64.
    fn network(self) -> String {
        match self.0 {
            Some(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
                format!("{:x?}", &address.segments()[..4])
            }
            _ => self.text(),
        }
    }
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        Ok(parts.extensions.get().copied().unwrap_or(Self(None)))
    }
}

/// Counts a try of something that is done by people, and refuses it when there were too many:
/// by whoever it concerns, and by the address it comes from.
///
/// # Errors
/// [`ProblemCode::RateLimited`], with when to come back; or that the counter is away, because
/// what is not counted could be tried for ever.
pub async fn count(app: &App, limit: Limit, of: &str) -> Result<(), Problem> {
    let now = app.clock.now().as_second();
    let window = now.div_euclid(limit.within_s);
    // The record names nobody.
    let whom = receipts::digest(&[limit.name.as_bytes(), of.as_bytes()]);
    let counter = format!("tries:{whom}:{window}");
    let ends = (window + 1) * limit.within_s;
    let expires_at = Timestamp::from_second(ends + limit.within_s).ok();
    let sum = app.key_value.add(&counter, 1, expires_at).await?;
    if sum <= limit.most {
        return Ok(());
    }
    let told = format!("this was tried {} times; wait, then try again", limit.most);
    let wait_s = u64::try_from(ends - now).unwrap_or(1);
    Err(Problem::new(ProblemCode::RateLimited, told).retry_after(wait_s))
}

/// Counts a try by the address that it comes from.
///
/// # Errors
/// As [`count`].
pub async fn count_from(app: &App, limit: Limit, from: ClientAddress) -> Result<(), Problem> {
    count(app, limit, &from.network()).await
}
