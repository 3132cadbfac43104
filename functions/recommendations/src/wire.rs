use jiff::Timestamp;
use serde::Serialize;
use store::recommendations::{Found, Recommended};
use utoipa::ToSchema;
use uuid::Uuid;

/// What goes with a product, the best first.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecommendationsOut {
    product: Uuid,
    /// The orders that were counted. None before the first night.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders_counted: Option<i32>,
    /// When they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    counted_at: Option<Timestamp>,
    recommendations: Vec<RecommendationOut>,
}

/// A product that can be bought, and why it is recommended.
#[derive(Serialize, ToSchema)]
struct RecommendationOut {
    id: Uuid,
    slug: String,
    title: String,
    /// `bought_together`, or `popular_in_category`.
    because: &'static str,
    /// The orders that have it; those that have both, where it is bought together.
    orders: i32,
    /// How many times as often both are bought as if they had nothing to do with each other. Only
    /// where it is bought together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2.5)]
    lift: Option<f64>,
}

impl From<Found> for RecommendationsOut {
    fn from(found: Found) -> Self {
        let (orders_counted, counted_at) = found.counted.unzip();
        Self {
            product: found.subject.0,
            orders_counted,
            counted_at,
            recommendations: found.recommended.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Recommended> for RecommendationOut {
    fn from(it: Recommended) -> Self {
        let because = if it.lift.is_some() { "bought_together" } else { "popular_in_category" };
        Self {
            id: it.product.0,
            slug: it.slug,
            title: it.title,
            because,
            orders: it.orders,
            lift: it.lift,
        }
    }
}
