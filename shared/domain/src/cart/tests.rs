use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::dice::Dice;
use crate::discount::{Conditions, Effect, Limits, NotApplicable, Target, Uses};
use crate::id::DiscountId;
use crate::money::{Money, MoneyError};
use crate::order::Totals;

fn share(ppm: u32) -> Share {
    Share::from_ppm(ppm).unwrap()
}

fn line(number: u128, unit_price_minor: i64, quantity: u32) -> CartLine {
    CartLine {
        id: LineId(Uuid::from_u128(number)),
        quantity,
        properties: json!({}),
        variant: VariantId(Uuid::from_u128(number)),
        product: ProductId(Uuid::from_u128(number)),
        sku: format!("SKU-{number}"),
        title: "Thing".to_owned(),
        categories: vec![],
        weight_grams: 400,
        is_stocked: true,
        tax_category: "standard".to_owned(),
        is_for_sale: true,
        unit_price_minor: Some(unit_price_minor),
    }
}

fn option(number: u128, price_minor: i64) -> ShippingOption {
    ShippingOption {
        id: ShippingOptionId(Uuid::from_u128(number)),
        name: "Parcel".to_owned(),
        price_minor,
        tax_category: "standard".to_owned(),
        countries: vec![],
        weight_grams: (0, None),
        total_minor: (0, None),
    }
}

fn cart() -> Cart {
    Cart {
        id: CartId(Uuid::from_u128(1)),
        token_hash: vec![],
        version: 1,
        order: None,
        merged_into: None,
        at: Timestamp::UNIX_EPOCH,
        currency: Currency::try_from("EUR".to_owned()).unwrap(),
        country: "DE".to_owned(),
        channel: "web".to_owned(),
        shipping: Some(ShippingOptionId(Uuid::from_u128(9))),
        expires_at: Timestamp::UNIX_EPOCH,
        lines: vec![line(1, 1190, 2)],
        codes: vec![],
        discounts: vec![],
        credit: None,
        taxes: Taxes {
            prices: Prices::WithTax,
            rates: BTreeMap::from([("standard".to_owned(), share(190_000))]),
        },
        options: vec![option(9, 595)],
        settings: Settings {
            rounding: Rounding::PerLine,
            capture: Capture::Automatic,
            payment_minutes: 60,
        },
    }
}

#[test]
fn a_cart_comes_to_its_lines_and_its_delivery_with_their_tax() {
    let cart = cart();
    let quote = cart.quote().unwrap();
    assert_eq!(quote.hindrances, []);
    assert_eq!(
        quote.totals(),
        Totals {
            subtotal_minor: 2380,
            discount_minor: 0,
            delivery_minor: 595,
            net_minor: 2500,
            tax_minor: 475,
            total_minor: 2975,
        }
    );
    assert_eq!(cart.order_lines(&quote.priced)[0].gross_minor(), 2380);
    assert_eq!(cart.delivered(&quote).unwrap().tax_minor, 95);
}

#[test]
fn what_is_in_the_way_is_said() {
    let hindrances = |spoil: fn(&mut Cart)| {
        let mut cart = cart();
        spoil(&mut cart);
        cart.quote().unwrap().hindrances
    };
    let first = LineId(Uuid::from_u128(1));
    assert_eq!(hindrances(|it| it.lines.clear()), [Hindrance::Empty]);
    assert_eq!(hindrances(|it| it.lines[0].is_for_sale = false), [Hindrance::NotForSale(first)]);
    let no_price = hindrances(|it| it.lines[0].unit_price_minor = None);
    assert_eq!(no_price, [Hindrance::NotForSale(first)]);
    assert_eq!(hindrances(|it| it.country.clear()), [Hindrance::NoCountry]);
    assert_eq!(hindrances(|it| it.shipping = None), [Hindrance::NoShipping]);
    let elsewhere = hindrances(|it| it.options[0].countries = vec!["FR".to_owned()]);
    assert_eq!(elsewhere, [Hindrance::ShippingDoesNotFit]);
    // A shop without any way to send has nothing to choose.
    assert_eq!(hindrances(|it| (it.shipping, it.options) = (None, vec![])), []);
}

#[test]
fn ways_fit_by_country_weight_and_total() {
    let fits = |change: fn(&mut ShippingOption)| {
        let mut cart = cart();
        change(&mut cart.options[0]);
        cart.quote().unwrap().options.len() == 1
    };
    assert!(fits(|it| it.weight_grams = (800, Some(800))));
    assert!(!fits(|it| it.weight_grams = (801, None)));
    assert!(!fits(|it| it.weight_grams = (0, Some(799))));
    assert!(fits(|it| it.total_minor = (2380, Some(2380))));
    assert!(!fits(|it| it.total_minor = (2381, None)));
    assert!(fits(|it| it.countries = vec!["FR".to_owned(), "DE".to_owned()]));
}

#[test]
fn amounts_beyond_counting_are_an_error() {
    let mut cart = cart();
    cart.lines = vec![line(1, i64::MAX / 2, 3)];
    assert_eq!(cart.quote(), Err(MoneyError::TooLarge));
}

fn discount(text: &str, code: Option<&str>, effect: Effect) -> Discount {
    Discount {
        id: DiscountId(Uuid::from_u128(text.bytes().fold(0, |id, it| id * 131 + u128::from(it)))),
        code: code.map(|code| Code::parse(code).unwrap()),
        name: text.to_owned(),
        effect,
        target: Target::All,
        conditions: Conditions::default(),
        limits: Limits::default(),
        uses: Uses::default(),
    }
}

/// With the codes typed as the discounts have them.
fn with(discounts: Vec<Discount>) -> Cart {
    let codes = discounts.iter().filter_map(|discount| discount.code.clone()).collect();
    Cart { codes, discounts, ..cart() }
}

#[test]
fn discounts_with_and_without_a_code_are_taken_off_and_told() {
    let half = discount("Half", None, Effect::Percentage(share(500_000)));
    let sent = discount("Sent", Some("SENT"), Effect::FreeShipping);
    let mut cart = with(vec![half.clone(), sent.clone()]);
    cart.codes.push(Code::parse("NONE").unwrap());
    let quote = cart.quote().unwrap();
    let told: Vec<_> = quote.reductions.iter().map(|it| it.off_minor.clone()).collect();
    assert_eq!(told, [Ok(1190), Ok(595), Err(NotApplicable::NoSuchCode)]);
    assert_eq!(quote.hindrances, [Hindrance::CodeDoesNotApply]);
    let totals = quote.totals();
    assert_eq!((totals.discount_minor, totals.delivery_minor), (1785, 0));
    assert_eq!((totals.net_minor, totals.tax_minor, totals.total_minor), (1000, 190, 1190));
    let ids: Vec<_> = quote.applied().iter().map(|it| it.discount).collect();
    assert_eq!(ids, [half.id, sent.id]);
    assert_eq!(cart.delivered(&quote).unwrap().net_minor, 0);
}

#[test]
fn one_without_a_code_that_does_not_apply_is_in_nobodys_way() {
    let mut cart = with(vec![discount("Half", None, Effect::Percentage(share(500_000)))]);
    cart.discounts[0].conditions.starts_at = Some("2026-11-27T12:00:00Z".parse().unwrap());
    let quote = cart.quote().unwrap();
    assert_eq!((quote.reductions, quote.hindrances), (vec![], vec![]));
}

#[test]
fn ways_fit_by_what_is_left_to_pay_and_free_delivery_waits_for_its_choice() {
    let half = discount("Half", Some("HALF"), Effect::Percentage(share(500_000)));
    let mut cart = with(vec![half, discount("Sent", Some("SENT"), Effect::FreeShipping)]);
    cart.options[0].total_minor = (0, Some(1190));
    assert_eq!(cart.quote().unwrap().hindrances, []);
    cart.options[0].total_minor = (1191, None);
    let quote = cart.quote().unwrap();
    let expected = [Hindrance::ShippingDoesNotFit, Hindrance::CodeDoesNotApply];
    assert_eq!(quote.hindrances, expected);
    assert_eq!(quote.reductions[1].off_minor, Err(NotApplicable::NoDelivery));
}

#[test]
fn pieces_that_are_not_for_sale_count_for_no_discount() {
    let sets = Effect::BuyXGetY {
        buy: 2.try_into().unwrap(),
        get: 1.try_into().unwrap(),
        percentage: share(1_000_000),
    };
    let mut cart = with(vec![discount("Sets", Some("SETS"), sets)]);
    cart.lines.push(CartLine { is_for_sale: false, ..line(2, 500, 1) });
    let expected = Err(NotApplicable::MinimumQuantity { minimum: 3, quantity: 2 });
    assert_eq!(cart.quote().unwrap().reductions[0].off_minor, expected);
    cart.lines[1].is_for_sale = true;
    assert_eq!(cart.quote().unwrap().reductions[0].off_minor, Ok(500));
}

#[test]
fn f33_whatever_is_taken_off_the_order_adds_up() {
    let mut dice = Dice(0x5eed_0005);
    for _ in 0..5_000 {
        let cart = any_cart(&mut dice);
        let quote = cart.quote().unwrap();
        let (totals, lines) = (quote.totals(), cart.order_lines(&quote.priced));
        let delivered = cart.delivered(&quote).unwrap();
        let sum = |of: fn(&crate::order::Line) -> i64| lines.iter().map(of).sum::<i64>();
        assert_eq!(sum(|it| it.net_minor) + delivered.net_minor, totals.net_minor);
        assert_eq!(sum(|it| it.tax_minor) + delivered.tax_minor, totals.tax_minor);
        assert_eq!(totals.net_minor + totals.tax_minor, totals.total_minor);
        let off = quote.applied().iter().map(|it| it.amount_minor).sum::<i64>();
        assert_eq!(off, totals.discount_minor);
        assert_eq!(sum(|it| it.discount_minor) + 595 - totals.delivery_minor, off);
        assert!(totals.total_minor >= 0 && lines.iter().all(|it| it.net_minor >= 0));
    }
}

fn any_cart(dice: &mut Dice) -> Cart {
    let mut roll = |below: u64| i64::try_from(dice.roll(below)).unwrap();
    let mut discounts = vec![];
    for index in 0..roll(4) {
        let effect = match roll(3) {
            0 => Effect::Percentage(share(u32::try_from(roll(1_000_001)).unwrap())),
            1 => {
                let currency = Currency::try_from("EUR".to_owned()).unwrap();
                Effect::Amount(Money { amount_minor: roll(9_000), currency })
            }
            _ => Effect::FreeShipping,
        };
        let code = (roll(2) == 0).then(|| format!("CODE-{index}"));
        discounts.push(discount(&format!("Discount {index}"), code.as_deref(), effect));
    }
    let mut cart = with(discounts);
    cart.settings.rounding = match roll(3) {
        0 => Rounding::PerUnit,
        1 => Rounding::PerLine,
        _ => Rounding::PerOrder,
    };
    cart.taxes.prices = if roll(2) == 0 { Prices::WithTax } else { Prices::WithoutTax };
    cart.taxes.rates.insert("reduced".to_owned(), share(70_000));
    cart.lines.clear();
    for number in 0..=roll(6) {
        let tax_category = if roll(2) == 0 { "standard" } else { "reduced" }.to_owned();
        let quantity = u32::try_from(roll(5) + 1).unwrap();
        let line = line(u128::try_from(number).unwrap(), roll(9_000), quantity);
        cart.lines.push(CartLine { tax_category, ..line });
    }
    cart
}
