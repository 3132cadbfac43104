use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::{Entry, Sort, Weight, words};
use crate::catalog::{Price, Product, State, Variant};
use crate::id::{ProductId, VariantId};
use crate::money::Money;
use crate::tenant::Currency;

fn at(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

fn price(amount_minor: i64, hours: (Option<i64>, Option<i64>)) -> Price {
    let currency = Currency::try_from("EUR".to_owned()).unwrap();
    let money = Money { amount_minor, currency };
    Price { money, starts_at: hours.0.map(at), ends_at: hours.1.map(at) }
}

fn variant(number: u128, sku: &str, size: &str, prices: Vec<Price>) -> Variant {
    Variant {
        id: VariantId(Uuid::from_u128(number)),
        sku: sku.to_owned(),
        barcode: None,
        title: String::new(),
        options: vec![size.to_owned()],
        weight_grams: 0,
        is_stocked: true,
        prices,
    }
}

fn shirt(variants: Vec<Variant>) -> Product {
    let attributes = json!({
        "color": ["Red", "Blue"], "organic": true, "pockets": 2, "care": { "wash": "cold" },
    });
    Product {
        id: ProductId(Uuid::from_u128(1)),
        slug: "linen-shirt".to_owned(),
        title: "Línen T-Shirt".to_owned(),
        description: "A shirt of linen for warm days".to_owned(),
        attributes: attributes.as_object().unwrap().clone(),
        options: vec!["size".to_owned()],
        categories: vec!["Shirts".to_owned()],
        tax_category: "standard".to_owned(),
        product_type: None,
        media: vec![],
        state: State::Published,
        version: 1,
        variants,
    }
}

#[test]
fn words_are_small_plain_letters_and_digits() {
    for (text, expected) in [
        ("Straße", vec!["strasse"]),
        ("CAFÉ Crème", vec!["cafe", "creme"]),
        // The mark as a letter of its own.
        ("Cafe\u{301}", vec!["cafe"]),
        ("T-Shirt", vec!["t", "shirt", "tshirt"]),
        ("AB-12/3", vec!["ab", "12", "3", "ab123"]),
        ("Ærø, Łódź & İzmir", vec!["aero", "lodz", "izmir"]),
        ("книга 本", vec!["книга", "本"]),
        ("' \\ ; --", vec![]),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
    assert_eq!(words(&"a".repeat(100))[0].len(), 40);
}

#[test]
fn what_names_a_product_says_more_than_what_describes_it() {
    let entry = Entry::of(&shirt(vec![variant(1, "LS-M", "M", vec![])]));
    let weights = |word: &str| -> Vec<Weight> {
        let terms = entry.terms.iter().filter(|term| term.word == word);
        terms.map(|term| term.weight).collect()
    };
    assert_eq!(weights("linen"), [Weight::Name, Weight::Text]);
    assert_eq!(weights("lsm"), [Weight::Name]);
    assert_eq!(weights("shirts"), [Weight::Kind]);
    assert_eq!(weights("red"), [Weight::Trait]);
    assert_eq!(weights("warm"), [Weight::Text]);
    let positions: Vec<usize> = entry.terms.iter().map(|term| term.position).collect();
    assert_eq!(positions, (1..=entry.terms.len()).collect::<Vec<_>>());
    assert_eq!(entry.title_key, "linen t shirt tshirt");
}

#[test]
fn facets_are_what_one_can_choose_from_a_list() {
    let variants = vec![variant(1, "a", "S", vec![]), variant(2, "b", "M", vec![])];
    let mut product = shirt(variants);
    product.attributes.insert("poem".to_owned(), json!("a".repeat(65)));
    assert_eq!(
        Entry::of(&product).facets,
        [
            "attribute.color=Blue",
            "attribute.color=Red",
            "attribute.organic=true",
            "attribute.pockets=2",
            "attribute.size=M",
            "attribute.size=S",
            "category=Shirts",
        ]
    );
}

#[test]
fn an_offer_stands_until_some_price_begins_or_ends() {
    let usual = |amount| price(amount, (None, None));
    let cheap = variant(1, "a", "S", vec![usual(900), price(700, (Some(10), Some(20)))]);
    let dear = variant(2, "b", "M", vec![usual(1_200), price(600, (Some(15), None))]);
    let offers = Entry::of(&shirt(vec![cheap, dear])).offers;
    let told: Vec<_> = offers
        .iter()
        .map(|offer| (offer.starts_at, offer.ends_at, offer.low_minor, offer.high_minor))
        .collect();
    let (ten, fifteen, twenty) = (Some(at(10)), Some(at(15)), Some(at(20)));
    assert_eq!(
        told,
        [
            (None, ten, 900, 1_200),
            (ten, fifteen, 700, 1_200),
            (fifteen, twenty, 600, 700),
            (twenty, None, 600, 900),
        ]
    );
}

#[test]
fn where_no_variant_has_a_price_there_is_no_offer() {
    let seasonal = variant(
        1,
        "a",
        "S",
        vec![
            price(700, (Some(1), Some(2))),
            price(700, (Some(2), Some(3))),
            price(800, (Some(5), None)),
        ],
    );
    let offers = Entry::of(&shirt(vec![seasonal])).offers;
    let told: Vec<_> = offers.iter().map(|offer| (offer.starts_at, offer.ends_at)).collect();
    assert_eq!(told, [(Some(at(1)), Some(at(3))), (Some(at(5)), None)]);
}

#[test]
fn an_order_knows_its_keys() {
    for sort in ["relevance", "newest", "title", "price", "-price"] {
        assert_eq!(Sort::parse(sort).unwrap().as_str(), sort);
    }
    assert!(Sort::parse("size").is_err());
    assert_eq!(Sort::Relevance.among(&[]), Sort::Newest);
    assert!(Sort::Newest.has_key("2026-11-25 08:20:45.596903+00"));
    assert!(!Sort::Price.has_key("1; drop table product"));
}
