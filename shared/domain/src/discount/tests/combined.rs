use super::*;

fn taken(discounts: &[Discount], purchase: &Purchase) -> Taken {
    combine(discounts, purchase, now()).taken
}

#[test]
fn lines_come_first_then_shares_then_amounts_then_delivery() {
    let mut basket = purchase(&[(1000, 1, "tea"), (1000, 1, "cup")]);
    basket.delivery = Some(delivery(490));
    let discounts = [
        code("SHIP", Effect::FreeShipping),
        code("TWO", Effect::Amount(euro(200))),
        code("HALF", Effect::Percentage(percent(50))),
        for_category(code("TEA", Effect::Amount(euro(600))), "tea"),
    ];
    let combined = combine(&discounts, &basket, now());
    let shares: Vec<Taken> =
        combined.verdicts.into_iter().map(|verdict| verdict.share.unwrap()).collect();
    let expected = [([0, 0], 490), ([57, 143], 0), ([200, 500], 0), ([600, 0], 0)];
    for (share, (lines, delivery_minor)) in shares.iter().zip(expected) {
        assert_eq!(*share, Taken { lines_minor: lines.to_vec(), delivery_minor });
    }
    assert_eq!(combined.taken, Taken { lines_minor: vec![857, 643], delivery_minor: 490 });
}

#[test]
fn pieces_that_are_given_come_before_shares_of_everything() {
    let basket = purchase(&[(1000, 2, "tea")]);
    let discounts = [code("HALF", Effect::Percentage(percent(50))), buy_x_get_y(1, 1, 100)];
    assert_eq!(taken(&discounts, &basket).lines_minor, [1500], "half of the one that is paid");
}

#[test]
fn sets_count_pieces_at_what_is_left_of_them() {
    let basket = purchase(&[(1000, 2, "tea"), (900, 2, "cup")]);
    let half = for_category(code("TEA", Effect::Percentage(percent(50))), "tea");
    let discounts = [half, buy_x_get_y(3, 1, 100)];
    assert_eq!(taken(&discounts, &basket).lines_minor, [1500, 0], "tea is the cheaper one now");
}

#[test]
fn two_halves_leave_a_quarter() {
    let basket = purchase(&[(1000, 1, "tea")]);
    let halves = ["ONE", "TWO"].map(|text| code(text, Effect::Percentage(percent(50))));
    assert_eq!(taken(&halves, &basket).lines_minor, [750]);
}

#[test]
fn a_minimum_does_not_depend_on_other_codes() {
    let basket = purchase(&[(1000, 1, "tea")]);
    let minimum = Conditions { minimum_subtotal: Some(euro(1000)), ..Conditions::default() };
    let two = Discount { conditions: minimum, ..code("TWO", Effect::Amount(euro(200))) };
    let half = code("HALF", Effect::Percentage(percent(50)));
    assert_eq!(taken(&[half, two], &basket).lines_minor, [700]);
}

#[test]
fn a_code_counts_once_and_one_that_comes_too_late_is_not_used_up() {
    let basket = purchase(&[(1000, 1, "tea")]);
    let all = code("ALL", Effect::Percentage(percent(100)));
    let two = code("TWO", Effect::Amount(euro(200)));
    let combined = combine(&[all.clone(), all, two], &basket, now());
    let refused: Vec<_> =
        combined.verdicts.iter().map(|verdict| verdict.share.clone().err()).collect();
    let expected = [None, Some(NotApplicable::UsedAlready), Some(NotApplicable::NothingLeft)];
    assert_eq!(refused, expected);
    assert_eq!(combined.taken.lines_minor, [1000]);
}

/// A xorshift generator: the same purchases on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(below)).unwrap()
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        let count = u32::try_from(choices.len()).unwrap();
        choices[usize::try_from(self.roll(count)).unwrap()].clone()
    }
}

fn any_purchase(dice: &mut Dice) -> Purchase {
    let categories = ["tea", "cup", "pot"];
    let lines: Vec<(i64, u32, &str)> = (0..=dice.roll(8))
        .map(|_| (i64::from(dice.roll(30_000)), dice.roll(20), dice.of(&categories)))
        .collect();
    let rates = [0, 55_000, 86_250, 200_000].map(|ppm| Share::from_ppm(ppm).unwrap());
    let mut any = purchase(&lines);
    any.prices = dice.of(&[Prices::WithTax, Prices::WithoutTax]);
    any.rounding = dice.of(&[Rounding::PerUnit, Rounding::PerLine, Rounding::PerOrder]);
    for bought in &mut any.lines {
        bought.line.tax = dice.of(&rates);
        bought.line.discount_minor = dice.of(&[0, 0, i64::from(dice.0 as u32 % 9_000)]);
    }
    any.delivery = (dice.roll(2) == 0).then(|| delivery(i64::from(dice.roll(2_000))));
    any
}

fn any_discount(dice: &mut Dice, index: u32) -> Discount {
    let effect = match dice.roll(4) {
        0 => Effect::Percentage(Share::from_ppm(dice.roll(1_000_001)).unwrap()),
        1 => Effect::Amount(euro(i64::from(dice.roll(100_000)))),
        2 => Effect::FreeShipping,
        _ => buy_x_get_y(dice.roll(4) + 1, dice.roll(3) + 1, dice.roll(101)).effect,
    };
    let any = code(&format!("CODE-{index}"), effect);
    if dice.roll(2) == 0 { any } else { for_category(any, dice.of(&["tea", "cup"])) }
}

#[test]
fn whatever_codes_come_together_totals_add_up_and_nothing_falls_below_zero() {
    let mut dice = Dice(0x5eed_0003);
    let mut used = 0;
    for _ in 0..20_000 {
        let purchase = any_purchase(&mut dice);
        let discounts: Vec<Discount> =
            (0..dice.roll(6)).map(|index| any_discount(&mut dice, index)).collect();
        let combined = combine(&discounts, &purchase, now());
        let mut sum = Taken::nothing(&purchase);
        for share in combined.verdicts.iter().filter_map(|verdict| verdict.share.as_ref().ok()) {
            assert!(share.lines_minor.iter().all(|off| *off >= 0) && share.delivery_minor >= 0);
            assert!(share.total_minor().unwrap() > 0, "{discounts:?}");
            sum.add(share);
            used += 1;
        }
        assert_eq!(sum, combined.taken);
        let bare = price(&purchase.less(&Taken::nothing(&purchase))).unwrap();
        let less = price(&purchase.less(&combined.taken)).unwrap();
        let off = combined.taken.total_minor().unwrap();
        assert_eq!(less.discount_minor - bare.discount_minor, off, "{discounts:?} {purchase:?}");
        match purchase.prices {
            Prices::WithTax => assert_eq!(bare.total_minor - less.total_minor, off),
            Prices::WithoutTax => assert_eq!(bare.net_minor - less.net_minor, off),
        }
        let all = less.lines.iter().chain(&less.delivery);
        assert!(all.clone().all(|line| line.net_minor >= 0 && line.tax_minor >= 0));
        assert_eq!(all.map(|line| line.net_minor + line.tax_minor).sum::<i64>(), less.total_minor);
    }
    assert!(used > 10_000, "{used}");
}

#[test]
fn turns_do_not_depend_on_which_code_was_typed_first() {
    let mut dice = Dice(0x5eed_0004);
    for _ in 0..2_000 {
        let purchase = any_purchase(&mut dice);
        let mut discounts = vec![
            code("SHIP", Effect::FreeShipping),
            code("FIVE", Effect::Amount(euro(500))),
            code("FIFTH", Effect::Percentage(percent(20))),
            for_category(code("TEA", Effect::Percentage(percent(30))), "tea"),
        ];
        let expected = taken(&discounts, &purchase);
        discounts.rotate_left(usize::try_from(dice.roll(4)).unwrap());
        discounts.swap(0, usize::try_from(dice.roll(4)).unwrap());
        assert_eq!(taken(&discounts, &purchase), expected);
    }
}
