use app::Problem;
use domain::id::LineId;
use domain::order::{Fulfillment, FulfillmentState, Order, Portion};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::parcels::Listed;
use utoipa::ToSchema;
use uuid::Uuid;

/// What goes into a parcel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FulfillmentIn {
    /// Which pieces; all that are in no parcel yet unless given.
    lines: Option<Vec<ParcelLineDocument>>,
}

/// Some pieces of a line.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParcelLineDocument {
    /// The line of the order.
    line: Uuid,
    /// Pieces.
    #[schema(minimum = 1, example = 1)]
    quantity: u32,
}

/// Who carries a parcel, and under which number: both, or neither.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShipmentIn {
    /// 1 to 100 characters.
    #[schema(example = "DHL")]
    carrier: Option<String>,
    /// 1 to 100 characters.
    #[schema(example = "00340434161094022115")]
    tracking_number: Option<String>,
}

/// A parcel.
#[derive(Serialize, ToSchema)]
pub(crate) struct FulfillmentOut {
    id: Uuid,
    order: Uuid,
    /// `created`, `shipped`, `delivered` or `cancelled`.
    #[schema(value_type = String)]
    state: FulfillmentState,
    lines: Vec<ParcelLineDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<String>,
    /// Where the goods of the whole order are: `none`, `partial`, `shipped`, `delivered` and on.
    fulfillment_status: &'static str,
}

/// Where carriers tell of parcels, and by what they prove that it is they.
#[derive(Serialize, ToSchema)]
pub(crate) struct CarrierWebhookOut {
    pub(crate) url: String,
    /// What signs: the HMAC-SHA256 of `webhook-id.webhook-timestamp.body` under the bytes that
    /// stand in base64 after `whsec_`. For the carrier alone.
    pub(crate) secret: String,
}

/// What carriers said.
#[derive(Serialize, ToSchema)]
pub(crate) struct ParcelNoticesOut {
    pub(crate) notices: Vec<ParcelNoticeOut>,
}

/// What a carrier said, and what became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ParcelNoticeOut {
    /// Its `webhook-id`.
    id: String,
    #[serde(rename = "type")]
    #[schema(example = "parcel.delivered")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<String>,
    #[schema(value_type = String)]
    occurred_at: Timestamp,
    /// In the carrier's words, until the customer is forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// `waiting` while no parcel has that number, for 14 days; `applied` when it changed an order;
    /// `unchanged` when it was no news; `ignored` when it says nothing of how far a parcel is.
    state: String,
    /// Whose parcel it is about, once that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Uuid>,
    #[schema(value_type = String)]
    heard_at: Timestamp,
}

impl From<Listed> for ParcelNoticeOut {
    fn from(it: Listed) -> Self {
        let tracking = it.notice.tracking.map(|it| (it.carrier, it.number));
        let (carrier, tracking_number) = tracking.unzip();
        Self {
            id: it.notice.id,
            kind: it.notice.kind,
            carrier,
            tracking_number,
            occurred_at: it.notice.occurred_at,
            detail: it.notice.detail,
            state: it.state,
            order: it.order.map(|order| order.0),
            heard_at: it.heard_at,
        }
    }
}

impl FulfillmentIn {
    pub(crate) fn portions(&self) -> Option<Vec<Portion>> {
        let portion =
            |it: &ParcelLineDocument| Portion { line: LineId(it.line), quantity: it.quantity };
        self.lines.as_ref().map(|lines| lines.iter().map(portion).collect())
    }
}

impl ShipmentIn {
    pub(crate) fn tracking(self) -> Result<Option<(String, String)>, Problem> {
        let sound = |text: &str| {
            (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        match (self.carrier, self.tracking_number) {
            (None, None) => Ok(None),
            (Some(carrier), Some(number)) if sound(&carrier) && sound(&number) => {
                Ok(Some((carrier, number)))
            }
            (Some(carrier), Some(_)) => {
                let field = if sound(&carrier) { "tracking_number" } else { "carrier" };
                Err(Problem::invalid(field, "write 1 to 100 characters"))
            }
            (None, Some(_)) => Err(Problem::invalid("carrier", "say who carries that number")),
            (Some(_), None) => {
                Err(Problem::invalid("tracking_number", "say under which number it is carried"))
            }
        }
    }
}

impl FulfillmentOut {
    pub(crate) fn of(order: &Order, it: &Fulfillment) -> Self {
        let (carrier, tracking_number) = it.tracking.clone().unzip();
        let line = |portion: &Portion| ParcelLineDocument {
            line: portion.line.0,
            quantity: portion.quantity,
        };
        Self {
            id: it.id.0,
            order: order.id.0,
            state: it.state,
            lines: it.portions.iter().map(line).collect(),
            carrier,
            tracking_number,
            fulfillment_status: order.fulfillment_status().as_str(),
        }
    }
}
