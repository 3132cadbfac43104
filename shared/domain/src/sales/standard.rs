use crate::metric::{Aggregation, Declaration, Direction, Finest, GapRule, Kind, Unit};
use crate::tenant::Currency;

/// The metrics that every shop makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StandardMetric {
    /// What was sold, in money; tag `country`; one point a line.
    Revenue,
    /// What was given back, in money, as positive amounts; tag `country`; one point a line.
    Refunds,
    /// One for each invoice with a sale, when its first sale is; tag `country`.
    Orders,
    /// One for each invoice that takes back, when its first such line is; tag `country`.
    Returns,
    /// How many were sold; tag `country`; one point a line.
    Units,
    /// Revenue by product: tag `sku`.
    ProductRevenue,
    /// Units by product: tag `sku`.
    ProductUnits,
    /// One for each cart that something was put into, when it was made; tags `country`, `channel`.
    Carts,
    /// One for each such cart that nobody has touched for a day and that became no order.
    AbandonedCarts,
    /// Pieces on the shelf, by product: tag `sku`.
    StockOnHand,
    /// One for each product of which so few are left that somebody wants to know: tag `sku`.
    LowStock,
}

/// A figure that is not recorded, but divided when it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Its name, as in queries.
    pub name: &'static str,
    /// What is divided.
    pub numerator: StandardMetric,
    /// By what.
    pub denominator: StandardMetric,
}

impl Ratio {
    /// Those that every shop has.
    pub const ALL: [Self; 2] = [AVERAGE_ORDER_VALUE, CONVERSION_RATE];
}

const AVERAGE_ORDER_VALUE: Ratio = Ratio {
    name: "average_order_value",
    numerator: StandardMetric::Revenue,
    denominator: StandardMetric::Orders,
};

const CONVERSION_RATE: Ratio = Ratio {
    name: "conversion_rate",
    numerator: StandardMetric::Orders,
    denominator: StandardMetric::Carts,
};

impl StandardMetric {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Revenue,
        Self::Refunds,
        Self::Orders,
        Self::Returns,
        Self::Units,
        Self::ProductRevenue,
        Self::ProductUnits,
        Self::Carts,
        Self::AbandonedCarts,
        Self::StockOnHand,
        Self::LowStock,
    ];

    /// Those that a file of sales makes.
    #[must_use]
    pub fn is_of_sales(self) -> bool {
        !matches!(self, Self::Carts | Self::AbandonedCarts | Self::StockOnHand | Self::LowStock)
    }

    /// Its name, as in queries.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Revenue => "revenue",
            Self::Refunds => "refunds",
            Self::Orders => "orders",
            Self::Returns => "returns",
            Self::Units => "units",
            Self::ProductRevenue => "product_revenue",
            Self::ProductUnits => "product_units",
            Self::Carts => "carts",
            Self::AbandonedCarts => "abandoned_carts",
            Self::StockOnHand => "stock_on_hand",
            Self::LowStock => "low_stock",
        }
    }

    /// Whether its values are money, in whole minor units.
    #[must_use]
    pub fn is_money(self) -> bool {
        matches!(self, Self::Revenue | Self::Refunds | Self::ProductRevenue)
    }

    /// What it is, in a shop of this currency. The metrics by product keep days only: in the
    /// hours most of their rollups would hold a single point.
    #[must_use]
    pub fn declaration(self, currency: Currency) -> Declaration {
        let (label, direction, finest) = match self {
            Self::Revenue => ("Revenue", Direction::Up, Finest::Hour),
            Self::Refunds => ("Refunds", Direction::Down, Finest::Hour),
            Self::Orders => ("Orders", Direction::Up, Finest::Hour),
            Self::Returns => ("Returns", Direction::Down, Finest::Hour),
            Self::Units => ("Units sold", Direction::Up, Finest::Hour),
            Self::ProductRevenue => ("Revenue by product", Direction::Up, Finest::Day),
            Self::ProductUnits => ("Units by product", Direction::Up, Finest::Day),
            Self::Carts => ("Carts", Direction::Up, Finest::Hour),
            Self::AbandonedCarts => ("Abandoned carts", Direction::Down, Finest::Hour),
            Self::StockOnHand => ("Stock on hand", Direction::Neutral, Finest::Day),
            Self::LowStock => ("Products low in stock", Direction::Down, Finest::Day),
        };
        if matches!(self, Self::StockOnHand | Self::LowStock) {
            return Declaration {
                direction,
                finest,
                label: label.to_owned(),
                draft: false,
                ..Declaration::draft(Kind::Gauge, Unit::default())
            };
        }
        Declaration {
            kind: Kind::Counter,
            unit: if self.is_money() { Unit::money(currency) } else { Unit::default() },
            aggregation: Aggregation::Sum,
            gap: GapRule::Zero,
            direction,
            finest,
            label: label.to_owned(),
            draft: false,
        }
    }
}
