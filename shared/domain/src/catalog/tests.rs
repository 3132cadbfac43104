use uuid::Uuid;

use super::*;
use crate::tenant::Currency;

fn price(amount_minor: i64, code: &str, window: [Option<i64>; 2]) -> Price {
    let at = |second: Option<i64>| second.map(|it| Timestamp::from_second(it).unwrap());
    Price {
        money: Money { amount_minor, currency: Currency::try_from(code.to_owned()).unwrap() },
        starts_at: at(window[0]),
        ends_at: at(window[1]),
    }
}

fn variant(number: u128, options: &[&str]) -> Variant {
    Variant {
        id: VariantId(Uuid::from_u128(number)),
        sku: format!("SKU-{number}"),
        barcode: None,
        title: String::new(),
        options: options.iter().map(|&option| option.to_owned()).collect(),
        weight_grams: 200,
        is_stocked: true,
        prices: vec![price(1999, "EUR", [None, None])],
    }
}

fn shirt() -> Product {
    Product {
        id: ProductId(Uuid::from_u128(1)),
        slug: "linen-shirt".to_owned(),
        title: "Linen shirt".to_owned(),
        description: String::new(),
        attributes: Map::new(),
        options: vec!["size".to_owned()],
        categories: vec!["shirts".to_owned()],
        tax_category: "standard".to_owned(),
        product_type: None,
        media: vec![],
        state: State::Published,
        version: 1,
        variants: vec![variant(1, &["S"]), variant(2, &["M"])],
    }
}

type Spoil = fn(&mut Product);

#[test]
fn a_fault_is_named_with_its_field() {
    assert_eq!(shirt().check(), Ok(()));
    let spoils: [(&str, Spoil); 15] = [
        ("slug", |it| it.slug = "Linen Shirt".to_owned()),
        ("title", |it| it.title = String::new()),
        ("title", |it| it.title = "a\u{7}".to_owned()),
        ("categories[0]", |it| it.categories[0] = String::new()),
        ("attributes", |it| {
            it.attributes.insert("story".to_owned(), "long ".repeat(4_000).into());
        }),
        ("variants", |it| it.variants.clear()),
        ("variants[1].sku", |it| it.variants[1].sku = "SKU-1".to_owned()),
        ("variants[1].id", |it| it.variants[1].id = it.variants[0].id),
        ("variants[1].options", |it| it.variants[1].options = vec!["S".to_owned()]),
        ("variants[0].options", |it| it.options.clear()),
        ("variants[0].weight_grams", |it| it.variants[0].weight_grams = -1),
        ("variants[0].prices[0].amount_minor", |it| {
            it.variants[0].prices[0].money.amount_minor = -1;
        }),
        ("variants[0].prices[1].starts_at", |it| {
            it.variants[0].prices.push(price(5, "EUR", [None, None]));
        }),
        ("variants[0].prices[1].ends_at", |it| {
            it.variants[0].prices.push(price(5, "EUR", [Some(9), Some(9)]));
        }),
        ("media[0].url", |it| {
            it.media = vec![Medium { url: "http://x".to_owned(), alt: String::new() }];
        }),
    ];
    for (field, spoil) in spoils {
        let mut product = shirt();
        spoil(&mut product);
        assert_eq!(product.check().unwrap_err().field, field);
    }
}

#[test]
fn f31_a_price_that_cannot_be_charged_is_refused_when_it_is_set() {
    for (amount, code) in [(5124, "KWD"), (500, "UGX"), (5, "ISK"), (550, "MGA")] {
        let mut product = shirt();
        product.variants[0].prices[0] = price(amount, code, [None, None]);
        assert!(product.check().is_err(), "{amount} {code}");
    }
    let mut product = shirt();
    product.variants[0].prices[0] = price(5120, "KWD", [None, None]);
    assert_eq!(product.check(), Ok(()));
}
