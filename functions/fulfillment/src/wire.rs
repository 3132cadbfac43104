use app::Problem;
use domain::id::LineId;
use domain::order::{Fulfillment, FulfillmentState, Order, Portion};
use serde::{Deserialize, Serialize};
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
