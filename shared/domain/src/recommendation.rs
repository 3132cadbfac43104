use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use jiff::SignedDuration;

use crate::id::ProductId;

/// How old an order may be that is counted: seasons come round once, and what sold years ago says
/// little of what sells now.
pub const COUNTED_FOR: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Orders that are counted, the newest. Each adds up to 66 pairs, so that a count is of 1.3 million
/// pairs at the most: seconds, and some tens of megabytes.
pub const ORDERS_COUNTED: usize = 20_000;
/// Lines of an order that are counted, the first: the pairs grow with their square, and who buys
/// more at once stocks up rather than chooses.
pub const LINES_COUNTED: usize = 12;
/// Orders that two products must share. Lift makes most of what is rare: of two products that one
/// customer bought once, it says the same as of a law of nature.
pub const SUPPORT_MIN: u32 = 3;
/// Companions of a product that are kept: more than are ever shown, because some are sold out by
/// then.
pub const COMPANIONS_KEPT: usize = 50;
/// Pairs that are kept, those with the most orders.
pub const PAIRS_KEPT: usize = 50_000;
/// Products that are kept with how often they were bought, the most bought.
pub const POPULAR_KEPT: usize = 1_000;

/// What orders say of products.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// Orders that were counted.
    pub orders: u32,
    /// What is bought together more often than by chance: by product, the strongest first.
    pub companions: Vec<Companion>,
    /// Products with the orders that have them, the most bought first.
    pub popular: Vec<(ProductId, u32)>,
}

/// A product that is bought together with another.
#[derive(Clone, Debug, PartialEq)]
pub struct Companion {
    /// Whoever buys this
    pub of: ProductId,
    /// also buys this,
    pub product: ProductId,
    /// in so many orders,
    pub orders: u32,
    /// so many times as often as if they had nothing to do with each other.
    pub lift: f64,
}

/// Counts orders, each given by the products of its lines.
#[must_use]
pub fn count(orders: &[Vec<ProductId>]) -> Counted {
    let mut having: HashMap<ProductId, u32> = HashMap::new();
    let mut together: HashMap<(ProductId, ProductId), u32> = HashMap::new();
    for lines in orders {
        let mut products: Vec<ProductId> = lines.iter().take(LINES_COUNTED).copied().collect();
        products.sort_unstable();
        products.dedup();
        for (position, one) in products.iter().enumerate() {
            *having.entry(*one).or_default() += 1;
            for other in &products[position + 1..] {
                *together.entry((*one, *other)).or_default() += 1;
            }
        }
    }
    let total = u32::try_from(orders.len()).unwrap_or(u32::MAX);
    let companions = companions(total, &having, together);
    let mut popular: Vec<(ProductId, u32)> = having.into_iter().collect();
    popular.sort_unstable_by_key(|(product, orders)| (Reverse(*orders), *product));
    popular.truncate(POPULAR_KEPT);
    Counted { orders: total, companions, popular }
}

fn companions(
    total: u32,
    having: &HashMap<ProductId, u32>,
    together: HashMap<(ProductId, ProductId), u32>,
) -> Vec<Companion> {
    let having = |product| having.get(&product).copied().unwrap_or_default();
    let lift = |(one, other), orders: u32| {
        f64::from(orders) * f64::from(total) / (f64::from(having(one)) * f64::from(having(other)))
    };
    let is_kept = |(pair, orders): &((ProductId, ProductId), u32)| {
        *orders >= SUPPORT_MIN && lift(*pair, *orders) > 1.0
    };
    let mut pairs: Vec<_> = together.into_iter().filter(is_kept).collect();
    pairs.sort_unstable_by_key(|(pair, orders)| (Reverse(*orders), *pair));
    pairs.truncate(PAIRS_KEPT);
    let mut of_each: BTreeMap<ProductId, Vec<Companion>> = BTreeMap::new();
    for (pair, orders) in pairs {
        let lift = lift(pair, orders);
        for (of, product) in [pair, (pair.1, pair.0)] {
            of_each.entry(of).or_default().push(Companion { of, product, orders, lift });
        }
    }
    for companions in of_each.values_mut() {
        companions.sort_by(|one, other| {
            other.lift.total_cmp(&one.lift).then_with(|| {
                (Reverse(one.orders), one.product).cmp(&(Reverse(other.orders), other.product))
            })
        });
        companions.truncate(COMPANIONS_KEPT);
    }
    of_each.into_values().flatten().collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn product(letter: char) -> ProductId {
        ProductId(Uuid::from_u128(u128::from(u32::from(letter))))
    }

    /// So many orders of each basket, a letter a product.
    fn orders(baskets: &[(usize, &str)]) -> Vec<Vec<ProductId>> {
        let of = |letters: &str| letters.chars().map(product).collect::<Vec<_>>();
        baskets.iter().flat_map(|(times, of_one)| vec![of(of_one); *times]).collect()
    }

    fn pairs(counted: &Counted) -> Vec<(ProductId, ProductId, u32, f64)> {
        counted.companions.iter().map(|it| (it.of, it.product, it.orders, it.lift)).collect()
    }

    #[test]
    fn what_is_bought_together_is_counted_as_by_hand() {
        let [a, b, c, d] = ['a', 'b', 'c', 'd'].map(product);
        // Of ten orders four have a, four b, five c, three d; four have a and b, three c and d.
        let counted = count(&orders(&[(3, "ab"), (1, "abc"), (1, "c"), (3, "cd"), (2, "x")]));
        assert_eq!(counted.orders, 10);
        assert_eq!(
            pairs(&counted),
            [(a, b, 4, 2.5), (b, a, 4, 2.5), (c, d, 3, 2.0), (d, c, 3, 2.0)]
        );
        let popular = [(c, 5), (a, 4), (b, 4), (d, 3), (product('x'), 2)];
        assert_eq!(counted.popular, popular);
    }

    #[test]
    fn chance_is_no_reason() {
        // Everybody takes a bag: it has nothing to do with anything. (Lift 1.)
        let counted = count(&orders(&[(5, "ba"), (5, "bc")]));
        assert_eq!(pairs(&counted), []);
        // Once is chance, twice is a habit of somebody.
        assert_eq!(pairs(&count(&orders(&[(2, "ab"), (50, "x")]))), []);
        assert_eq!(pairs(&count(&orders(&[(3, "ab"), (50, "x")]))).len(), 2);
    }

    #[test]
    fn the_strongest_comes_first_and_ties_are_broken_alike_every_time() {
        let mut all = orders(&[(3, "ab"), (3, "ac"), (6, "ad"), (6, "d"), (20, "x")]);
        let of_a = |all: &[Vec<ProductId>]| -> Vec<ProductId> {
            let counted = count(all);
            let of = counted.companions.into_iter().filter(|it| it.of == product('a'));
            of.map(|it| it.product).collect()
        };
        // b and c in 3 of 3 orders, d in 6 of 12.
        assert_eq!(of_a(&all), ['b', 'c', 'd'].map(product));
        let counted = count(&all);
        all.reverse();
        assert_eq!(count(&all), counted);
    }

    #[test]
    fn what_a_count_costs_is_bounded_whatever_was_ordered() {
        // A line of a product that was there before adds nothing; the thirteenth is not counted.
        let mut order = vec![product('a'), product('a')];
        order.extend((0..40).map(|n| ProductId(Uuid::from_u128(1_000 + n))));
        let counted = count(&vec![order; 3]);
        assert_eq!(counted.popular.len(), LINES_COUNTED - 1);
        // All in all orders: that is no reason either.
        assert_eq!(counted.companions, []);
        let mut crowd: Vec<Vec<ProductId>> = vec![vec![]; 1_000];
        for first in 0..30 {
            let all = (0..10).map(|n| ProductId(Uuid::from_u128(first * 10 + n)));
            crowd.extend(vec![all.chain([product('z')]).collect::<Vec<_>>(); 3]);
        }
        let counted = count(&crowd);
        let of_z = counted.companions.iter().filter(|it| it.of == product('z')).count();
        assert_eq!(of_z, COMPANIONS_KEPT);
        assert_eq!(count(&[]), Counted::default());
    }
}
