use self::Season::{AllYear, Summer, Winter};

/// What the shop sells: the best seller first.
pub(super) struct Shelf(Vec<Article>);

#[derive(Clone)]
pub(super) struct Article {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) price_minor: i64,
    weight: u64,
    season: Season,
}

/// When a thing sells best.
#[derive(Clone, Copy)]
enum Season {
    AllYear,
    Summer,
    Winter,
}

impl Shelf {
    pub(super) fn new() -> Self {
        let mut articles = Vec::new();
        for (group, (name, price_minor, season, variants)) in THINGS.iter().enumerate() {
            for (index, (variant, letter)) in variants.iter().zip('A'..).enumerate() {
                articles.push(Article {
                    sku: format!("{}{letter}", 21_040 + group * 37),
                    name: format!("{name} {variant}"),
                    price_minor: *price_minor,
                    weight: weight(group, index, *price_minor),
                    season: *season,
                });
            }
        }
        Self(articles)
    }

    pub(super) fn best_seller(&self) -> &Article {
        &self.0[0]
    }

    pub(super) fn article(&self, index: usize) -> &Article {
        &self.0[index]
    }

    /// How often each article is bought in a month; nobody buys what is sold out.
    pub(super) fn weights(&self, month: i8, best_seller_is_out: bool) -> Vec<u64> {
        let mut weights: Vec<u64> = self.0.iter().map(|article| article.weight_in(month)).collect();
        if best_seller_is_out {
            weights[0] = 0;
        }
        weights
    }
}

impl Article {
    fn weight_in(&self, month: i8) -> u64 {
        match (self.season, month) {
            (Winter, 11 | 12) => self.weight * 4,
            (Winter, 1..=8) => self.weight / 4,
            (Summer, 5..=8) => self.weight * 2,
            (Summer, _) => self.weight / 2,
            _ => self.weight,
        }
    }
}

/// The first thing of the first group leads, the others trail off, and the dear ones most.
fn weight(group: usize, variant: usize, price_minor: i64) -> u64 {
    let dear = price_minor.max(1500).unsigned_abs();
    40_000 * 1500 / dear / (8 + 3 * group + 7 * variant) as u64
}

/// What is given away.
pub(super) fn sample() -> Article {
    Article {
        sku: "SAMPLE".to_owned(),
        name: "Coffee sample".to_owned(),
        price_minor: 0,
        weight: 0,
        season: AllYear,
    }
}

type Thing = (&'static str, i64, Season, [&'static str; 5]);

const COLORS: [&str; 5] = ["sand", "moss", "indigo", "rust", "chalk"];
const SCENTS: [&str; 5] = ["cedar", "fig", "orange", "lavender", "vanilla"];

#[rustfmt::skip]
const THINGS: [Thing; 24] = [
    ("House blend 250 g", 890, AllYear, ["beans", "filter", "espresso", "french press", "decaf"]),
    ("Single origin 250 g", 1190, AllYear, ["Huila", "Sidamo", "Antigua", "Nyeri", "Sumatra"]),
    ("Stoneware mug", 1450, AllYear, COLORS),
    ("Espresso cup", 990, AllYear, COLORS),
    ("Greeting card", 350, AllYear, ["birthday", "thank you", "wedding", "get well", "blank"]),
    ("Soy candle", 1690, Winter, SCENTS),
    ("Chocolate bar", 420, AllYear, ["dark 70", "milk", "sea salt", "hazelnut", "orange"]),
    ("Loose tea 100 g", 750, AllYear, ["Assam", "sencha", "rooibos", "chamomile", "mint"]),
    ("Linen tea towel", 1250, AllYear, COLORS),
    ("Notebook A5", 1100, AllYear, ["lined", "dotted", "squared", "plain", "weekly"]),
    ("Glass ornament", 690, Winter, ["star", "fir", "bell", "bird", "snowflake"]),
    ("Iced coffee glass", 1290, Summer, ["clear", "smoke", "amber", "green", "blue"]),
    ("Hand soap", 790, AllYear, SCENTS),
    ("Gift wrap", 290, AllYear, ["stripes", "dots", "leaves", "kraft", "stars"]),
    ("Ceramic planter", 2190, Summer, COLORS),
    ("Pour-over dripper", 2490, AllYear, COLORS),
    ("Wool blanket", 6900, Winter, COLORS),
    ("Serving board", 3200, AllYear, ["oak", "walnut", "ash", "beech", "olive"]),
    ("Puzzle 1000 pieces", 2290, Winter, ["harbor", "forest", "market", "garden", "map"]),
    ("Picnic bag", 3900, Summer, COLORS),
    ("Tote bag", 1500, AllYear, COLORS),
    ("Honey 250 g", 820, AllYear, ["acacia", "forest", "linden", "heather", "blossom"]),
    ("Hand grinder", 7900, AllYear, ["black", "steel", "white", "copper", "olive"]),
    ("Gift basket", 4900, Winter, ["breakfast", "coffee", "tea", "chocolate", "bath"]),
];
