use super::*;
use crate::order::Replacement;

const BACK: ReturnId = ReturnId(Uuid::from_u128(0xB));

fn other_size(quantity: u32) -> (LineId, Replacement) {
    let with = Replacement {
        product: ProductId(Uuid::from_u128(1)),
        variant: variant(7),
        sku: "SKU-7".to_owned(),
        title: "Thing 7".to_owned(),
        categories: vec![],
        quantity,
        is_stocked: true,
    };
    (LineId(Uuid::from_u128(0x70)), with)
}

fn exchange(quantity: u32) -> Command {
    let offers = vec![pick(7, 2)];
    Command::Exchange { returned: BACK, goods: vec![other_size(quantity)], offers }
}

/// Three pieces were sent, and two of them are to come back.
fn coming_back() -> Order {
    let order = paid();
    let fulfillment = FulfillmentId(Uuid::from_u128(0xF));
    let portions = order.unpacked();
    let two = vec![Portion { line: portions[0].line, quantity: 2 }];
    let asked = Command::RequestReturn { returned: BACK, portions: two, reason: String::new() };
    let commands = [Command::Pack { fulfillment, portions }, Command::Ship { fulfillment }, asked];
    commands.into_iter().fold(order, after)
}

#[test]
fn what_comes_back_is_replaced_once_for_nothing_and_is_ready_for_its_parcel() {
    let asked = coming_back();
    assert_eq!(decide(&asked, exchange(1)), Err(Rejected::ReturnState(BACK)));
    let approved = after(asked, Command::AnswerReturn { returned: BACK, answer: Answer::Approve });
    let too_many = Rejected::ExchangesTooMuch { wanted: 3, available: 2 };
    assert_eq!(decide(&approved, exchange(3)), Err(too_many));
    assert_eq!(decide(&approved, exchange(0)), Err(Rejected::NoPieces));
    let exchanged = after(approved.clone(), exchange(2));
    assert_eq!(decide(&exchanged, exchange(2)), Ok(vec![]));
    assert_eq!(decide(&exchanged, exchange(1)), Err(Rejected::Exchanged(BACK)));
    let (id, _) = other_size(2);
    assert_eq!(exchanged.unpacked(), [Portion { line: id, quantity: 2 }]);
    assert!(exchanged.committed().contains(&pick(7, 2)));
    assert_eq!(exchanged.terms.totals, approved.terms.totals);
    assert_eq!(exchanged.payment_status(), approved.payment_status());
    let line = exchanged.terms.line(id).unwrap();
    assert_eq!((line.gross_minor(), line.replaces), (0, Some(BACK)));
}

#[test]
fn what_is_not_there_cannot_replace_anything() {
    let order = coming_back();
    let approved = after(order, Command::AnswerReturn { returned: BACK, answer: Answer::Approve });
    let goods = vec![other_size(1)];
    let nothing = Command::Exchange { returned: BACK, goods, offers: vec![pick(8, 2)] };
    assert!(matches!(decide(&approved, nothing), Err(Rejected::OutOfStock(_))));
    let held = after(approved, Command::Hold);
    assert_eq!(decide(&held, exchange(1)), Err(Rejected::UnderReview));
}
