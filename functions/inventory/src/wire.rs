use app::Problem;
use domain::id::{LocationId, VariantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::stock::{Adjustment, Level, Location, Movement};
use utoipa::ToSchema;
use uuid::Uuid;

/// A place where stock is kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocationIn {
    /// 1 to 200 characters.
    #[schema(example = "Warehouse")]
    name: String,
    /// Orders take their stock from the lowest first.
    #[serde(default)]
    rank: i16,
}

/// A place where stock is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct LocationOut {
    id: Uuid,
    name: String,
    rank: i16,
}

/// All locations.
#[derive(Serialize, ToSchema)]
pub(crate) struct LocationsOut {
    pub(crate) locations: Vec<LocationOut>,
}

/// A change of stock. What is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustmentIn {
    /// Yours to choose: the same one twice is one change.
    id: Uuid,
    variant: Uuid,
    location: Uuid,
    /// So many are on the shelf: somebody counted.
    #[schema(example = 24)]
    on_hand: Option<i32>,
    /// So many more, or fewer. Either this or `on_hand`.
    change: Option<i32>,
    /// So many are on their way to the shelf.
    incoming: Option<i32>,
    /// So many may be sold beyond what is there.
    backorder_limit: Option<i32>,
    /// With so many left, or fewer, it is told.
    low_stock: Option<i32>,
    /// Why, 1 to 200 characters.
    #[schema(example = "counted")]
    reason: String,
}

/// How much there is.
#[derive(Serialize, ToSchema)]
pub(crate) struct LevelOut {
    variant: Uuid,
    sku: String,
    location: Uuid,
    location_name: String,
    /// Pieces on the shelf.
    on_hand: i32,
    /// Pieces that wait for a payment.
    reserved: i32,
    /// Pieces that are paid and wait for their parcel.
    allocated: i32,
    /// What can be sold: what is on the shelf, less what is reserved or allocated, and what may
    /// be sold beyond it.
    available: i32,
    /// Pieces on their way to the shelf.
    incoming: i32,
    /// Pieces that may be sold beyond what is there.
    backorder_limit: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    low_stock: Option<i32>,
}

/// Levels, by variant and location.
#[derive(Serialize, ToSchema)]
pub(crate) struct LevelsOut {
    pub(crate) stock: Vec<LevelOut>,
    /// Give it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// A change of stock.
#[derive(Serialize, ToSchema)]
pub(crate) struct MovementOut {
    id: i64,
    variant: Uuid,
    location: Uuid,
    on_hand: i32,
    reserved: i32,
    allocated: i32,
    /// The order that it was for.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Uuid>,
    reason: String,
    actor: String,
    #[schema(value_type = String)]
    recorded_at: Timestamp,
}

/// Changes of stock, the newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct MovementsOut {
    pub(crate) movements: Vec<MovementOut>,
    /// Give it as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<i64>,
}

/// More than any shelf holds.
const PIECES_MAX: i32 = 100_000_000;
const WORDS_MAX: usize = 200;

impl LocationIn {
    pub(crate) fn named(self, id: LocationId) -> Result<Location, Problem> {
        is_text("name", &self.name)?;
        Ok(Location { id, name: self.name, rank: self.rank })
    }
}

impl AdjustmentIn {
    pub(crate) fn check<'a>(
        &'a self,
        actor: &'a str,
        at: Timestamp,
    ) -> Result<Adjustment<'a>, Problem> {
        is_text("reason", &self.reason)?;
        if self.on_hand.is_some() && self.change.is_some() {
            return Err(Problem::invalid(
                "change",
                "give `on_hand` after a count, or `change` for what came or went, not both",
            ));
        }
        for (field, count) in [
            ("on_hand", self.on_hand),
            ("incoming", self.incoming),
            ("backorder_limit", self.backorder_limit),
            ("low_stock", self.low_stock),
            ("change", self.change.map(i32::saturating_abs)),
        ] {
            if count.is_some_and(|count| !(0..=PIECES_MAX).contains(&count)) {
                let range = format!("it is 0 to {PIECES_MAX} pieces");
                return Err(Problem::invalid(field, range));
            }
        }
        Ok(Adjustment {
            id: self.id,
            variant: VariantId(self.variant),
            location: LocationId(self.location),
            on_hand: self.on_hand,
            change: self.change,
            incoming: self.incoming,
            backorder_limit: self.backorder_limit,
            low_stock: self.low_stock,
            reason: &self.reason,
            actor,
            at,
        })
    }
}

fn is_text(field: &str, text: &str) -> Result<(), Problem> {
    let sound = (1..=WORDS_MAX).contains(&text.chars().count());
    if sound && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Problem::invalid(field, format!("it has 1 to {WORDS_MAX} printable characters")))
}

impl From<Location> for LocationOut {
    fn from(location: Location) -> Self {
        Self { id: location.id.0, name: location.name, rank: location.rank }
    }
}

impl From<Level> for LevelOut {
    fn from(level: Level) -> Self {
        let left = level.on_hand.saturating_sub(level.reserved).saturating_sub(level.allocated);
        Self {
            variant: level.variant.0,
            sku: level.sku,
            location: level.location.0,
            location_name: level.location_name,
            on_hand: level.on_hand,
            reserved: level.reserved,
            allocated: level.allocated,
            available: left.saturating_add(level.backorder_limit),
            incoming: level.incoming,
            backorder_limit: level.backorder_limit,
            low_stock: level.low_stock,
        }
    }
}

impl From<Movement> for MovementOut {
    fn from(movement: Movement) -> Self {
        Self {
            id: movement.id,
            variant: movement.variant.0,
            location: movement.location.0,
            on_hand: movement.on_hand,
            reserved: movement.reserved,
            allocated: movement.allocated,
            order: movement.order.map(|order| order.0),
            reason: movement.reason,
            actor: movement.actor,
            recorded_at: movement.recorded_at,
        }
    }
}
