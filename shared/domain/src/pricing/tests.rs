use super::*;
use crate::dice::Dice;

fn ppm(rate: u32) -> Share {
    Share::from_ppm(rate).unwrap()
}

fn line(unit_price_minor: i64, quantity: u32, rate: u32) -> BasketLine {
    BasketLine { unit_price_minor, quantity, tax: ppm(rate), discount_minor: 0 }
}

fn basket(prices: Prices, rounding: Rounding, lines: Vec<BasketLine>) -> Basket {
    Basket { prices, rounding, lines, discount_minor: 0, delivery: None }
}

#[test]
fn f32_ten_pieces_at_31_86_cost_382_30_per_unit_and_382_32_per_line() {
    let total = |rounding| {
        price(&basket(Prices::WithoutTax, rounding, vec![line(3186, 10, 200_000)])).unwrap()
    };
    assert_eq!(total(Rounding::PerUnit).total_minor, 38230);
    assert_eq!(total(Rounding::PerLine).total_minor, 38232);
    assert_eq!(total(Rounding::PerOrder).total_minor, 38232);
}

#[test]
fn f32_four_lines_at_2_50_bear_0_88_of_tax_per_line_and_0_86_per_order() {
    let lines = vec![line(250, 1, 86_250); 4];
    let tax =
        |rounding| price(&basket(Prices::WithoutTax, rounding, lines.clone())).unwrap().tax_minor;
    assert_eq!(tax(Rounding::PerLine), 88);
    assert_eq!(tax(Rounding::PerOrder), 86);
}

/// The inputs of saleor/saleor#12348 are pictures; these give its 2.30 and 2.32 at its rate.
#[test]
fn f32_ten_lines_at_2_69_bear_2_30_of_tax_per_line_and_2_32_per_order() {
    let lines = vec![line(269, 1, 86_250); 10];
    let tax =
        |rounding| price(&basket(Prices::WithoutTax, rounding, lines.clone())).unwrap().tax_minor;
    assert_eq!(tax(Rounding::PerUnit), 230);
    assert_eq!(tax(Rounding::PerLine), 230);
    assert_eq!(tax(Rounding::PerOrder), 232);
}

#[test]
fn f32_a_line_has_the_net_and_tax_that_its_policy_gives() {
    for (prices, unit, quantity, rate, per_unit, per_line) in [
        // odoo/odoo#12039
        (Prices::WithoutTax, 563, 4, 220_000, (2252, 496), (2252, 495)),
        // woocommerce/woocommerce#8047
        (Prices::WithoutTax, 166, 36, 200_000, (5976, 1188), (5976, 1195)),
        // vendurehq/vendure#2662, at the price that its shop entered
        (Prices::WithTax, 3823, 10, 200_000, (31860, 6370), (31858, 6372)),
        // vendurehq/vendure#3047
        (Prices::WithTax, 39900, 2, 90_000, (73212, 6588), (73211, 6589)),
    ] {
        for (rounding, expected) in [(Rounding::PerUnit, per_unit), (Rounding::PerLine, per_line)] {
            let priced =
                price(&basket(prices, rounding, vec![line(unit, quantity, rate)])).unwrap();
            assert_eq!((priced.net_minor, priced.tax_minor), expected, "{unit} {rounding:?}");
        }
    }
}

#[test]
fn f32_the_error_of_vendure_3091_does_not_grow_with_the_quantity() {
    let net = |rounding, quantity| {
        let mut basket = basket(Prices::WithTax, rounding, vec![line(39900, quantity, 90_000)]);
        basket.discount_minor = 3990 * i64::from(quantity);
        price(&basket).unwrap().net_minor
    };
    assert_eq!(net(Rounding::PerUnit, 25), 823_625);
    assert_eq!(net(Rounding::PerLine, 25), 823_624);
    assert_eq!(net(Rounding::PerLine, 2500), 82_362_385, "359.10 / 1.09 by 2500");
}

#[test]
fn f32_a_quarter_off_19_99_leaves_14_99() {
    assert_eq!(1999 - ppm(250_000).of(1999), 1499);
}

#[test]
fn f32_tax_within_a_price_is_what_is_left_of_it() {
    let priced =
        price(&basket(Prices::WithTax, Rounding::PerLine, vec![line(3823, 1, 200_000)])).unwrap();
    assert_eq!((priced.net_minor, priced.tax_minor, priced.total_minor), (3186, 637, 3823));
}

#[test]
fn f33_a_discount_of_the_whole_is_borne_by_every_rate_to_the_cent() {
    let mut basket = basket(
        Prices::WithoutTax,
        Rounding::PerLine,
        vec![line(1000, 1, 200_000), line(1000, 1, 50_000), line(1000, 1, 0)],
    );
    basket.discount_minor = 1000;
    let priced = price(&basket).unwrap();
    let discounts: Vec<i64> = priced.lines.iter().map(|line| line.discount_minor).collect();
    assert_eq!(discounts, [334, 333, 333]);
    assert_eq!(priced.discount_minor, 1000);
    let taxes: Vec<i64> = priced.lines.iter().map(|line| line.tax_minor).collect();
    assert_eq!(taxes, [133, 33, 0], "20 % of 6.66, 5 % of 6.67");
}

#[test]
fn a_discount_never_exceeds_what_is_bought() {
    let mut basket = basket(Prices::WithTax, Rounding::PerLine, vec![line(500, 2, 200_000)]);
    basket.discount_minor = 9900;
    basket.delivery = Some(line(490, 1, 200_000));
    let priced = price(&basket).unwrap();
    assert_eq!((priced.discount_minor, priced.total_minor), (1000, 490));
    basket.lines[0].discount_minor = 9900;
    assert_eq!(price(&basket).unwrap().total_minor, 490);
}

#[test]
fn a_price_below_zero_counts_as_nothing() {
    let lines = vec![line(-500, 1, 200_000), line(1000, 1, 0)];
    let priced = price(&basket(Prices::WithoutTax, Rounding::PerLine, lines)).unwrap();
    assert_eq!((priced.subtotal_minor, priced.total_minor), (1000, 1000));
}

#[test]
fn pieces_that_a_discount_makes_unequal_are_taxed_each_at_its_own_price() {
    let mut three = line(5, 3, 100_000);
    three.discount_minor = 1;
    let priced = price(&basket(Prices::WithoutTax, Rounding::PerUnit, vec![three])).unwrap();
    assert_eq!(priced.tax_minor, 2, "pieces at 4, 5 and 5 bear 0, 1 and 1");
}

#[test]
fn what_cannot_be_counted_is_an_error_and_no_panic() {
    for lines in [vec![line(i64::MAX, 2, 0)], vec![line(i64::MAX, 1, 0); 2]] {
        let refused = price(&basket(Prices::WithTax, Rounding::PerUnit, lines));
        assert_eq!(refused, Err(MoneyError::TooLarge));
    }
    let tax =
        price(&basket(Prices::WithoutTax, Rounding::PerOrder, vec![line(i64::MAX, 1, 1_000_000)]));
    assert_eq!(tax, Err(MoneyError::TooLarge));
}

fn any_basket(dice: &mut Dice) -> Basket {
    const RATES: [u32; 6] = [0, 25_000, 50_000, 86_250, 190_000, 1_000_000];
    let any_line = |dice: &mut Dice| {
        let unit_price_minor = i64::try_from(dice.roll(100_000)).unwrap();
        let quantity = u32::try_from(dice.roll(50) + 1).unwrap();
        let rate = RATES[usize::try_from(dice.roll(6)).unwrap()];
        let discount_minor = match dice.roll(3) {
            0 => i64::try_from(dice.roll(300_000)).unwrap(),
            _ => 0,
        };
        BasketLine { discount_minor, ..line(unit_price_minor, quantity, rate) }
    };
    let lines = (0..=dice.roll(12)).map(|_| any_line(dice)).collect();
    let delivery = (dice.roll(2) == 0).then(|| any_line(dice));
    let rounding =
        [Rounding::PerUnit, Rounding::PerLine, Rounding::PerOrder][dice.roll(3) as usize];
    let prices = [Prices::WithTax, Prices::WithoutTax][dice.roll(2) as usize];
    let discount_minor = i64::try_from(dice.roll(500_000)).unwrap();
    Basket { prices, rounding, lines, discount_minor, delivery }
}

#[test]
fn totals_add_up_whatever_is_bought() {
    let mut dice = Dice(0x5eed_0001);
    for _ in 0..20_000 {
        let basket = any_basket(&mut dice);
        let priced = price(&basket).unwrap();
        let all = || priced.lines.iter().chain(&priced.delivery);
        assert_eq!(priced.total_minor, priced.net_minor + priced.tax_minor, "{basket:?}");
        assert_eq!(all().map(|line| line.net_minor).sum::<i64>(), priced.net_minor);
        assert_eq!(all().map(|line| line.tax_minor).sum::<i64>(), priced.tax_minor);
        assert_eq!(all().map(|line| line.discount_minor).sum::<i64>(), priced.discount_minor);
        let shown: i64 = all().map(|line| line.subtotal_minor - line.discount_minor).sum();
        let paid = match basket.prices {
            Prices::WithTax => priced.total_minor,
            Prices::WithoutTax => priced.net_minor,
        };
        assert_eq!(shown, paid, "{basket:?}");
        assert!(all().all(|line| line.net_minor >= 0 && line.tax_minor >= 0), "{basket:?}");
        assert!(all().all(|line| line.discount_minor <= line.subtotal_minor), "{basket:?}");
        let off: i64 = basket.lines.iter().map(|line| line.discount_minor).sum();
        assert!(
            priced.discount_minor
                <= off
                    + basket.discount_minor
                    + basket.delivery.map_or(0, |delivery| delivery.discount_minor)
        );
    }
}
