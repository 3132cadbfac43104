use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a carrier says of a parcel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// The sender's id of it: the same on every delivery.
    pub id: String,
    /// What the sender calls what happened, such as `parcel.delivered`.
    pub kind: String,
    /// Of which parcel, where it says so.
    pub tracking: Option<Tracking>,
    /// When it happened, as the carrier says.
    pub occurred_at: Timestamp,
    /// What else the carrier says. It may name a person.
    pub detail: Option<String>,
}

/// Who carries a parcel, and under which number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracking {
    /// As the shop or the carrier writes it.
    pub carrier: String,
    /// As the shop or the carrier writes it.
    pub number: String,
}

/// How far a parcel is that was sent, as its carrier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It was scanned on its way.
    InTransit,
    /// It arrives today.
    OutForDelivery,
    /// The customer may fetch it.
    ReadyForPickup,
    /// Nobody took it, or something went wrong; it may be tried again.
    Failed,
    /// It comes back.
    Returned,
    /// It is there.
    Delivered,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 6] = [
        Self::InTransit,
        Self::OutForDelivery,
        Self::ReadyForPickup,
        Self::Failed,
        Self::Returned,
        Self::Delivered,
    ];

    /// As notices name it.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::InTransit => "parcel.in_transit",
            Self::OutForDelivery => "parcel.out_for_delivery",
            Self::ReadyForPickup => "parcel.ready_for_pickup",
            Self::Failed => "parcel.failed",
            Self::Returned => "parcel.returned",
            Self::Delivered => "parcel.delivered",
        }
    }

    /// By the name in a notice; none for what says nothing of how far a parcel is.
    #[must_use]
    pub fn parse(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.kind() == kind)
    }
}

/// A notice waits so long for the shop to say that a parcel has its number. Carriers give numbers
/// out again, months later: a parcel of then must not arrive today.
pub const WAITS: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Notices are kept so long.
pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Reports of one parcel that its order keeps: more are a carrier out of its mind.
pub const REPORTS_MAX: usize = 50;

impl Tracking {
    /// As it is compared: people write numbers with blanks and names of carriers as they like. None
    /// when nothing would be left to compare. (V35 does the same in SQL.)
    #[must_use]
    pub fn key(&self) -> Option<String> {
        let number: String = self.number.chars().filter(char::is_ascii_alphanumeric).collect();
        let carrier = self.carrier.trim().to_ascii_lowercase();
        (!number.is_empty()).then(|| format!("{carrier}/{}", number.to_ascii_uppercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(carrier: &str, number: &str) -> Option<String> {
        Tracking { carrier: carrier.to_owned(), number: number.to_owned() }.key()
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let known = key("DHL", "00340434161094022115");
        assert_eq!(known.as_deref(), Some("dhl/00340434161094022115"));
        assert_eq!(key(" dhl", "0034 0434-1610 9402 2115"), known);
        assert_eq!(key("UPS", "1z999aa10123456784"), key("ups", "1Z 999 AA1 01 2345 6784"));
        assert_ne!(key("UPS", "00340434161094022115"), known);
        assert_eq!(key("DHL", " – "), None);
    }

    #[test]
    fn every_stage_is_found_by_its_name() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.kind()), Some(stage));
        }
        assert_eq!(Stage::parse("parcel.weighed"), None);
    }
}
