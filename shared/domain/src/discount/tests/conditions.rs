use super::*;

fn half_when(conditions: Conditions) -> Discount {
    Discount { conditions, ..code("HALF", Effect::Percentage(percent(50))) }
}

fn verdict(discount: &Discount, purchase: &Purchase) -> Result<(), NotApplicable> {
    applies(discount, purchase, now()).map(drop)
}

#[test]
fn a_code_is_the_same_in_capitals_and_small_letters() {
    assert_eq!(Code::parse("summer-2026_x").unwrap().as_str(), "SUMMER-2026_X");
    assert_eq!(Code::parse("summer-2026_x"), Code::parse("SUMMER-2026_X"));
    assert_eq!(Code::parse("Summer").unwrap().to_string(), "SUMMER");
    assert_eq!(Code::parse(&"a".repeat(64)).unwrap().as_str(), "A".repeat(64));
    let read: Code = serde_json::from_str("\"spring\"").unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), "\"SPRING\"");
}

#[test]
fn what_is_no_code_is_refused() {
    for text in ["", " ", "A B", " A", "A\n", "ÄPFEL", "ſale", "a.b", "50%", &"a".repeat(65)] {
        assert_eq!(Code::parse(text), Err(NotACode), "{text:?}");
    }
    assert!(serde_json::from_str::<Code>("\"50%\"").is_err());
}

#[test]
fn a_window_holds_its_start_and_not_its_end() {
    let basket = purchase(&[(1000, 1, "tea")]);
    let (before, after) =
        (now() - jiff::SignedDuration::from_secs(1), now() + jiff::SignedDuration::from_secs(1));
    let window = |starts_at, ends_at| {
        let conditions = Conditions {
            starts_at: Some(starts_at),
            ends_at: Some(ends_at),
            ..Conditions::default()
        };
        verdict(&half_when(conditions), &basket)
    };
    assert_eq!(window(now(), after), Ok(()));
    assert_eq!(window(before, after), Ok(()));
    assert_eq!(window(after, after), Err(NotApplicable::NotYet(after)));
    assert_eq!(window(before, now()), Err(NotApplicable::Ended(now())));
}

#[test]
fn minimums_are_reached_and_not_exceeded() {
    let basket = purchase(&[(500, 3, "tea")]);
    let at_least = |quantity, amount_minor| {
        let conditions = Conditions {
            minimum_quantity: Some(several(quantity)),
            minimum_subtotal: Some(euro(amount_minor)),
            ..Conditions::default()
        };
        verdict(&half_when(conditions), &basket)
    };
    assert_eq!(at_least(3, 1500), Ok(()));
    let fewer = NotApplicable::MinimumQuantity { minimum: 4, quantity: 3 };
    assert_eq!(at_least(4, 1500), Err(fewer));
    let less = at_least(3, 1501).unwrap_err();
    assert_eq!(
        less.to_string(),
        "the discount needs a subtotal of 15.01 EUR, and this is 15.00 EUR"
    );
}

#[test]
fn minimums_count_what_the_discount_is_for() {
    let basket = purchase(&[(500, 1, "tea"), (9900, 9, "cup")]);
    for conditions in [
        Conditions { minimum_quantity: Some(several(2)), ..Conditions::default() },
        Conditions { minimum_subtotal: Some(euro(501)), ..Conditions::default() },
    ] {
        assert_eq!(verdict(&half_when(conditions), &basket), Ok(()));
        let for_tea = for_category(half_when(conditions), "tea");
        assert!(verdict(&for_tea, &basket).is_err(), "{conditions:?}");
    }
}

#[test]
fn a_discount_in_another_currency_takes_nothing() {
    let dollars = Purchase { currency: currency("USD"), ..purchase(&[(1000, 1, "tea")]) };
    let euros = Err(NotApplicable::Currency(currency("EUR")));
    assert_eq!(verdict(&code("TEN", Effect::Amount(euro(10))), &dollars), euros);
    let minimum = Conditions { minimum_subtotal: Some(euro(1)), ..Conditions::default() };
    assert_eq!(verdict(&half_when(minimum), &dollars), euros);
    let named = Conditions { currency: Some(currency("EUR")), ..Conditions::default() };
    assert_eq!(verdict(&half_when(named), &dollars), euros);
    assert_eq!(verdict(&half_when(Conditions::default()), &dollars), Ok(()));
}

#[test]
fn f34_what_is_used_up_does_not_apply_any_more() {
    let basket = purchase(&[(1000, 1, "tea")]);
    let used = |all, customer| {
        let limits = Limits { redemptions: Some(several(10)), per_customer: Some(several(2)) };
        let uses = Uses { all, customer };
        let half = half_when(Conditions::default());
        verdict(&Discount { limits, uses, ..half }, &basket)
    };
    assert_eq!(used(9, 1), Ok(()));
    assert_eq!(used(10, 0), Err(NotApplicable::UsedUp));
    assert_eq!(used(11, 0), Err(NotApplicable::UsedUp));
    assert_eq!(used(9, 2), Err(NotApplicable::UsedByCustomer));
    let unlimited =
        Discount { uses: Uses { all: 99, customer: 99 }, ..half_when(Conditions::default()) };
    assert_eq!(verdict(&unlimited, &basket), Ok(()));
    assert_eq!(customer_hash("Ann@Customer.example"), customer_hash("ann@customer.example"));
    assert_ne!(customer_hash("ann@customer.example"), customer_hash("bob@customer.example"));
}

#[test]
fn a_target_covers_what_it_names() {
    let basket = purchase(&[(1000, 1, "tea"), (1000, 1, "cup")]);
    let half = code("HALF", Effect::Percentage(percent(50)));
    for (target, expected) in [
        (Target::All, [500, 500]),
        (Target::Products(vec![basket.lines[1].product]), [0, 500]),
        (Target::Variants(vec![basket.lines[0].variant]), [500, 0]),
        (Target::Categories(vec!["pot".to_owned(), "cup".to_owned()]), [0, 500]),
    ] {
        assert_eq!(off(&Discount { target, ..half.clone() }, &basket), expected);
    }
}

#[test]
fn what_takes_nothing_off_does_not_apply() {
    let half = code("HALF", Effect::Percentage(percent(50)));
    let ship = code("SHIP", Effect::FreeShipping);
    let free = purchase(&[(0, 1, "tea")]);
    assert_eq!(verdict(&half, &free), Err(NotApplicable::NothingLeft));
    assert_eq!(verdict(&for_category(half.clone(), "cup"), &free), Err(NotApplicable::OtherThings));
    assert_eq!(verdict(&half, &purchase(&[])), Err(NotApplicable::OtherThings));
    assert_eq!(verdict(&half, &purchase(&[(1000, 0, "tea")])), Err(NotApplicable::OtherThings));
    assert_eq!(verdict(&ship, &free), Err(NotApplicable::NoDelivery));
    let sent = Purchase { delivery: Some(delivery(0)), ..free };
    assert_eq!(verdict(&ship, &sent), Err(NotApplicable::NothingLeft));
}

#[test]
fn a_discount_that_nobody_could_have_is_not_kept() {
    let half = code("HALF", Effect::Percentage(percent(50)));
    assert_eq!(half.check(), Ok(()));
    assert_eq!(code("SHIP", Effect::FreeShipping).check(), Ok(()));
    assert_eq!(buy_x_get_y(1, 1, 100).check(), Ok(()));
    for nothing in [
        code("NONE", Effect::Percentage(Share::NONE)),
        code("NONE", Effect::Amount(euro(0))),
        code("NONE", Effect::Amount(euro(-5))),
        buy_x_get_y(1, 1, 0),
    ] {
        assert_eq!(nothing.check(), Err(Unsound::TakesNothing));
    }
    for target in [Target::Products(vec![]), Target::Variants(vec![]), Target::Categories(vec![])] {
        assert_eq!(Discount { target, ..half.clone() }.check(), Err(Unsound::ForNothing));
    }
    let never =
        Conditions { starts_at: Some(now()), ends_at: Some(now()), ..Conditions::default() };
    assert_eq!(half_when(never).check(), Err(Unsound::NoTime));
    let dollars = Conditions { currency: Some(currency("USD")), ..Conditions::default() };
    let amount = Discount { conditions: dollars, ..code("TEN", Effect::Amount(euro(1000))) };
    assert_eq!(amount.check(), Err(Unsound::TwoCurrencies(currency("USD"), currency("EUR"))));
}

#[test]
fn discounts_survive_being_stored() {
    let mut stored = buy_x_get_y(2, 1, 100);
    stored.target = Target::Categories(vec!["tea".to_owned()]);
    stored.conditions.minimum_subtotal = Some(euro(2000));
    stored.conditions.ends_at = Some(now());
    stored.limits.per_customer = Some(several(1));
    let text = serde_json::to_string(&stored).unwrap();
    assert_eq!(serde_json::from_str::<Discount>(&text).unwrap(), stored);
    let least = serde_json::json!({
        "id": stored.id,
        "code": "ten",
        "name": "Ten off",
        "effect": { "percentage": 100_000 },
        "target": "all",
    });
    let read: Discount = serde_json::from_value(least.clone()).unwrap();
    assert_eq!(read.effect, Effect::Percentage(percent(10)));
    assert_eq!(read.limits, Limits::default());
    for effect in [
        serde_json::json!({ "percentage": 1_000_001 }),
        serde_json::json!({ "buy_x_get_y": { "buy": 0, "get": 1, "percentage": 1 } }),
        serde_json::json!({ "buy_x_get_y": { "buy": 1, "get": 0, "percentage": 1 } }),
    ] {
        let mut wrong = least.clone();
        wrong["effect"] = effect;
        assert!(serde_json::from_value::<Discount>(wrong.clone()).is_err(), "{wrong}");
    }
}
