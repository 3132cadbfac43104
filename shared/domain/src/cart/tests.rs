use serde_json::json;
use uuid::Uuid;

use super::*;

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
        currency: Currency::try_from("EUR".to_owned()).unwrap(),
        country: "DE".to_owned(),
        channel: "web".to_owned(),
        shipping: Some(ShippingOptionId(Uuid::from_u128(9))),
        expires_at: Timestamp::UNIX_EPOCH,
        lines: vec![line(1, 1190, 2)],
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
