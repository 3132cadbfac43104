use app::Problem;
use domain::calendar::{Calendar, NotAWeekday, Weekday, Zone};
use domain::id::{TenantId, TenantNumber};
use domain::tenant::{Currency, Tenant};
use jiff::civil;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::wire::SessionTokensOut;

/// A tenant to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantIn {
    /// As letters and reports call it.
    #[schema(example = "Honey & Co")]
    name: String,
    /// Its money, for ever: ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    /// Where its days begin: a name of the IANA zone database.
    #[schema(example = "Europe/Berlin")]
    zone: String,
    /// The day a week begins with, from `monday`, which it is unless given.
    #[serde(default)]
    week_start: Option<String>,
    /// The month a fiscal year begins with, 1 to 12; 1 unless given.
    #[serde(default)]
    fiscal_year_start_month: Option<i8>,
}

impl TenantIn {
    pub(crate) fn checked(self, id: TenantId) -> Result<Tenant, Problem> {
        let invalid = |field: &str, error: String| Problem::invalid(field, error);
        let name = self.name.trim().to_owned();
        let count = name.chars().count();
        if !(1..=200).contains(&count) || name.chars().any(char::is_control) {
            let told = "a name has 1 to 200 characters, and no line breaks";
            return Err(Problem::invalid("name", told));
        }
        let month = self.fiscal_year_start_month.unwrap_or(1);
        if !(1..=12).contains(&month) {
            let told = "a month is a number from 1 to 12";
            return Err(Problem::invalid("fiscal_year_start_month", told));
        }
        let week_start = match &self.week_start {
            None => Weekday(civil::Weekday::Monday),
            Some(day) => day
                .parse()
                .map_err(|error: NotAWeekday| invalid("week_start", error.to_string()))?,
        };
        Ok(Tenant {
            id,
            number: TenantNumber(0),
            name,
            currency: Currency::try_from(self.currency)
                .map_err(|error| invalid("currency", error.to_string()))?,
            calendar: Calendar {
                zone: Zone::parse(&self.zone)
                    .map_err(|error| invalid("zone", error.to_string()))?,
                week_start,
                fiscal_year_start_month: month,
            },
        })
    }
}

/// A tenant that was opened, and this session in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenedTenantOut {
    #[serde(flatten)]
    pub(crate) tenant: TenantOut,
    /// This session, in it.
    pub(crate) session: SessionTokensOut,
}

/// A tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantOut {
    id: Uuid,
    name: String,
    currency: String,
    zone: String,
}

impl From<Tenant> for TenantOut {
    fn from(it: Tenant) -> Self {
        Self {
            id: it.id.0,
            name: it.name,
            currency: it.currency.code().to_owned(),
            zone: it.calendar.zone.name().to_owned(),
        }
    }
}
