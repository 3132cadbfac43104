use app::Problem;
use domain::parcel::{Notice, Stage, Tracking};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

/// What a carrier says of a parcel. What else stands in it is left alone.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ParcelNoticeIn {
    /// `parcel.in_transit`, `parcel.out_for_delivery`, `parcel.ready_for_pickup`,
    /// `parcel.failed`, `parcel.returned` or `parcel.delivered`. Others are written down.
    #[serde(rename = "type")]
    #[schema(example = "parcel.delivered")]
    kind: String,
    /// When it was said.
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    #[serde(default)]
    data: ParcelNoticeData,
}

/// About which parcel, and what.
#[derive(Default, Deserialize, ToSchema)]
struct ParcelNoticeData {
    /// Who carries it, as the shop named it when it was sent: case does not matter. Required for
    /// the types that are known, as is the number.
    #[schema(example = "DHL")]
    carrier: Option<String>,
    /// Under which number: only its letters and digits matter.
    #[schema(example = "00340434161094022115")]
    tracking_number: Option<String>,
    /// When it happened; when it was said, unless given.
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    /// In the carrier's words. The first 500 characters are kept, until the customer is forgotten.
    detail: Option<String>,
}

const TEXT_CHARS: usize = 100;
const DETAIL_CHARS: usize = 500;

impl ParcelNoticeIn {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body)
            .map_err(|error| Problem::invalid("body", format!("send one notice as JSON: {error}")))
    }

    pub(crate) fn notice(self, id: &str) -> Result<Notice, Problem> {
        let data = self.data;
        let carrier = data.carrier.map(|it| text("data.carrier", it)).transpose()?;
        let number = data.tracking_number.map(|it| text("data.tracking_number", it)).transpose()?;
        let tracking = match (carrier, number) {
            (Some(carrier), Some(number)) => Some(Tracking { carrier, number }),
            // What says nothing of how far a parcel is need not say which.
            _ if Stage::parse(&self.kind).is_none() => None,
            (None, _) => return Err(Problem::invalid("data.carrier", "say who carries it")),
            (_, None) => {
                let told = "say under which number it is carried";
                return Err(Problem::invalid("data.tracking_number", told));
            }
        };
        let plain = |it: String| -> String {
            it.chars().filter(|it| !it.is_control()).take(DETAIL_CHARS).collect()
        };
        Ok(Notice {
            id: id.to_owned(),
            kind: text("type", self.kind)?,
            tracking,
            occurred_at: data.occurred_at.unwrap_or(self.timestamp),
            detail: data.detail.map(plain).filter(|it| !it.is_empty()),
        })
    }
}

fn text(field: &str, it: String) -> Result<String, Problem> {
    let is_sound =
        (1..=TEXT_CHARS).contains(&it.chars().count()) && !it.chars().any(char::is_control);
    if is_sound { Ok(it) } else { Err(Problem::invalid(field, "write 1 to 100 characters")) }
}
