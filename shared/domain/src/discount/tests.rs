//! What codes take off, one by one and together.

mod combined;
mod conditions;

use uuid::Uuid;

use super::*;
use crate::money::Rounding;
use crate::pricing::{BasketLine, Prices, price};

const NOW: &str = "2026-11-27T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::try_from(code.to_owned()).unwrap()
}

fn euro(amount_minor: i64) -> Money {
    Money { amount_minor, currency: currency("EUR") }
}

fn percent(percent: u32) -> Share {
    Share::from_ppm(percent * 10_000).unwrap()
}

fn several(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

/// The same id for the same text.
fn named(text: &str) -> Uuid {
    Uuid::from_u128(text.bytes().fold(0, |id, byte| id * 131 + u128::from(byte)))
}

/// A code of that effect for everything.
fn code(text: &str, effect: Effect) -> Discount {
    Discount {
        id: DiscountId(named(text)),
        code: Some(Code::parse(text).unwrap()),
        name: text.to_owned(),
        effect,
        target: Target::All,
        conditions: Conditions::default(),
        limits: Limits::default(),
        uses: Uses::default(),
    }
}

fn for_category(discount: Discount, category: &str) -> Discount {
    Discount { target: Target::Categories(vec![category.to_owned()]), ..discount }
}

fn buy_x_get_y(buy: u32, get: u32, percentage: u32) -> Discount {
    let (buy, get, percentage) = (several(buy), several(get), percent(percentage));
    code("SETS", Effect::BuyXGetY { buy, get, percentage })
}

fn delivery(price_minor: i64) -> BasketLine {
    let tax = Share::NONE;
    BasketLine { unit_price_minor: price_minor, quantity: 1, tax, discount_minor: 0 }
}

/// Pieces of one price, tax free. The n-th line is product n in variant 100 + n.
fn purchase(lines: &[(i64, u32, &str)]) -> Purchase {
    let lines = lines.iter().enumerate().map(|(index, (unit_price_minor, quantity, category))| {
        let id = Uuid::from_u128(u128::try_from(index).unwrap());
        Bought {
            product: ProductId(id),
            variant: VariantId(Uuid::from_u128(100 + id.as_u128())),
            categories: vec![(*category).to_owned()],
            line: BasketLine { quantity: *quantity, ..delivery(*unit_price_minor) },
        }
    });
    Purchase {
        currency: currency("EUR"),
        prices: Prices::WithTax,
        rounding: Rounding::PerLine,
        lines: lines.collect(),
        delivery: None,
    }
}

fn off(discount: &Discount, purchase: &Purchase) -> Vec<i64> {
    applies(discount, purchase, now()).unwrap().lines_minor
}

fn paid(discount: &Discount, purchase: &Purchase) -> i64 {
    let taken = applies(discount, purchase, now()).unwrap();
    price(&purchase.less(&taken)).unwrap().total_minor
}

#[test]
fn f32_a_quarter_off_19_99_leaves_14_99() {
    let quarter = code("QUARTER", Effect::Percentage(percent(25)));
    assert_eq!(paid(&quarter, &purchase(&[(1999, 1, "tea")])), 1499);
    let targeted = for_category(quarter, "tea");
    assert_eq!(paid(&targeted, &purchase(&[(1999, 1, "tea")])), 1499);
}

#[test]
fn f32_a_tenth_off_65_pieces_at_18_99_leaves_1110_92_and_not_1110_85() {
    let tenth = code("TENTH", Effect::Percentage(percent(10)));
    let all = purchase(&[(1899, 65, "tea")]);
    assert_eq!(paid(&tenth, &all), 111_092);
    assert_eq!(paid(&for_category(tenth.clone(), "tea"), &all), 111_092);
    let each = paid(&tenth, &purchase(&[(1899, 1, "tea")]));
    assert_eq!(each * 65, 111_085, "what rounding each piece comes to");
}

#[test]
fn f33_a_discount_of_everything_is_divided_by_largest_remainder() {
    let three = purchase(&[(1000, 1, "tea"), (1000, 1, "cup"), (1000, 1, "pot")]);
    assert_eq!(off(&code("TEN", Effect::Amount(euro(1000))), &three), [334, 333, 333]);
    let odd = purchase(&[(333, 1, "tea"), (333, 1, "cup"), (334, 1, "pot")]);
    assert_eq!(off(&code("HALF", Effect::Percentage(percent(50))), &odd), [167, 166, 167]);
}

#[test]
fn a_percentage_of_some_lines_is_rounded_on_each() {
    let half = for_category(code("HALF", Effect::Percentage(percent(50))), "tea");
    let three = purchase(&[(333, 1, "tea"), (1000, 1, "cup"), (333, 1, "tea")]);
    assert_eq!(off(&half, &three), [166, 0, 166]);
}

#[test]
fn an_amount_is_never_more_than_what_it_is_for() {
    let amount = code("TEN", Effect::Amount(euro(1000)));
    assert_eq!(off(&amount, &purchase(&[(300, 1, "tea"), (400, 1, "cup")])), [300, 400]);
    let targeted = for_category(amount, "tea");
    assert_eq!(off(&targeted, &purchase(&[(300, 1, "tea"), (5000, 1, "cup")])), [300, 0]);
}

#[test]
fn what_is_off_already_stays_off_and_is_not_taken_twice() {
    let mut reduced = purchase(&[(1000, 1, "tea")]);
    reduced.lines[0].line.discount_minor = 400;
    reduced.delivery = Some(BasketLine { discount_minor: 90, ..delivery(490) });
    let half = code("HALF", Effect::Percentage(percent(50)));
    assert_eq!(off(&half, &reduced), [300]);
    assert_eq!(paid(&half, &reduced), 300 + 400);
    let free = code("SHIP", Effect::FreeShipping);
    assert_eq!(applies(&free, &reduced, now()).unwrap().delivery_minor, 400);
    assert_eq!(paid(&free, &reduced), 600);
    let more = code("MORE", Effect::Amount(euro(5000)));
    assert_eq!(off(&more, &reduced), [600]);
}

#[test]
fn free_shipping_takes_delivery_and_no_line() {
    let mut sent = purchase(&[(1000, 1, "tea")]);
    sent.delivery = Some(delivery(490));
    let taken = applies(&code("SHIP", Effect::FreeShipping), &sent, now()).unwrap();
    assert_eq!(taken, Taken { lines_minor: vec![0], delivery_minor: 490 });
}

#[test]
fn of_every_set_the_cheapest_pieces_are_given() {
    let basket = purchase(&[(500, 2, "tea"), (300, 2, "tea"), (200, 1, "tea"), (100, 9, "cup")]);
    let free = for_category(buy_x_get_y(2, 1, 100), "tea");
    assert_eq!(off(&free, &basket), [0, 0, 200, 0], "one set of three among five pieces");
    let pair = for_category(buy_x_get_y(1, 1, 100), "tea");
    assert_eq!(off(&pair, &basket), [0, 300, 200, 0], "two pairs among five pieces");
    let half = for_category(buy_x_get_y(1, 1, 50), "tea");
    assert_eq!(off(&half, &basket), [0, 150, 100, 0]);
    let most = for_category(buy_x_get_y(1, 4, 100), "tea");
    assert_eq!(off(&most, &basket), [500, 600, 200, 0]);
}

#[test]
fn pieces_are_compared_by_their_price_and_not_by_their_line() {
    let basket = purchase(&[(500, 1, "tea"), (100, 9, "cup")]);
    assert_eq!(off(&buy_x_get_y(4, 1, 100), &basket), [0, 200]);
}

#[test]
fn a_price_below_zero_counts_as_nothing() {
    let odd = purchase(&[(-500, 1, "tea"), (1000, 1, "cup")]);
    let minimum = Conditions { minimum_subtotal: Some(euro(1000)), ..Conditions::default() };
    let half = Discount { conditions: minimum, ..code("HALF", Effect::Percentage(percent(50))) };
    assert_eq!(off(&half, &odd), [0, 500]);
}

#[test]
fn equally_cheap_pieces_are_given_from_the_first_line() {
    let pair = buy_x_get_y(1, 1, 100);
    assert_eq!(off(&pair, &purchase(&[(300, 1, "tea"), (300, 1, "cup")])), [300, 0]);
}

#[test]
fn a_set_that_is_not_complete_gives_nothing() {
    let alone = applies(&buy_x_get_y(2, 1, 100), &purchase(&[(500, 2, "tea")]), now());
    assert_eq!(alone, Err(NotApplicable::MinimumQuantity { minimum: 3, quantity: 2 }));
}

#[test]
fn the_largest_amounts_are_errors_and_no_panics() {
    let beyond = purchase(&[(i64::MAX, 2, "tea")]);
    let beyond_together = purchase(&[(i64::MAX, 1, "tea"), (i64::MAX, 1, "tea")]);
    let minimum = Conditions { minimum_subtotal: Some(euro(1)), ..Conditions::default() };
    for discount in [
        code("HALF", Effect::Percentage(percent(50))),
        code("MOST", Effect::Amount(euro(i64::MAX))),
        buy_x_get_y(u32::MAX - 1, u32::MAX, 100),
        Discount { conditions: minimum, ..code("SHIP", Effect::FreeShipping) },
    ] {
        for basket in [&beyond, &beyond_together] {
            let refused = applies(&discount, basket, now());
            assert!(matches!(refused, Err(NotApplicable::Money(_))), "{refused:?}");
        }
    }
    let most = purchase(&[(i64::MAX, 1, "tea")]);
    assert_eq!(off(&code("ALL", Effect::Percentage(percent(100))), &most), [i64::MAX]);
    let many = purchase(&[(1, u32::MAX, "tea"), (1, u32::MAX, "tea")]);
    assert_eq!(off(&buy_x_get_y(1, 1, 100), &many), [i64::from(u32::MAX), 0]);
}
