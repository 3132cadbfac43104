use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::*;
use crate::id::{CartId, ContactId, LineId, LocationId, ProductId, VariantId};
use crate::money::{Money, NotChargeable};
use crate::payment::Fact;
use crate::tenant::Currency;

/// What outsiders are told.
mod announced;
/// What carriers say, in any order.
mod carried;
/// What is paid with credit.
mod credit;
/// What is granted once, and what is not.
mod decided;
/// What is sent for what comes back.
mod exchanged;
/// What was ever written.
mod golden;
/// Everything that a history may do.
mod histories;
/// What the provider says, in any order.
mod provider;

const PAYMENT: PaymentId = PaymentId(Uuid::from_u128(0xA0));
const PARCEL: FulfillmentId = FulfillmentId(Uuid::from_u128(0xB0));
const RETURN: ReturnId = ReturnId(Uuid::from_u128(0xC0));
const SHELF: LocationId = LocationId(Uuid::from_u128(0xD0));

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn euros(amount_minor: i64) -> Money {
    Money { amount_minor, currency: currency("EUR") }
}

fn currency(code: &str) -> Currency {
    Currency::try_from(code.to_owned()).unwrap()
}

fn id() -> OrderId {
    OrderId(Uuid::from_u128(1))
}

fn refund(number: u128) -> RefundId {
    RefundId(Uuid::from_u128(0xE000 + number * 0x100))
}

fn variant(number: u128) -> VariantId {
    VariantId(Uuid::from_u128(0xF0 + number))
}

fn line(number: u128, quantity: u32) -> Line {
    Line {
        id: LineId(Uuid::from_u128(number)),
        product: ProductId(Uuid::from_u128(number)),
        variant: variant(number),
        sku: format!("SKU-{number}"),
        title: format!("Thing {number}"),
        categories: vec![],
        quantity,
        is_stocked: true,
        unit_price_minor: 1000,
        discount_minor: 0,
        net_minor: 1000 * i64::from(quantity),
        tax_minor: 200 * i64::from(quantity),
        replaces: None,
    }
}

fn terms(capture: Capture, lines: Vec<Line>) -> Terms {
    let net_minor = lines.iter().map(|line| line.net_minor).sum();
    let tax_minor = lines.iter().map(|line| line.tax_minor).sum();
    Terms {
        cart: CartId(Uuid::from_u128(2)),
        contact: ContactId(Uuid::from_u128(3)),
        currency: currency("EUR"),
        country: "DE".to_owned(),
        channel: "web".to_owned(),
        lines,
        delivery: None,
        discounts: vec![],
        totals: Totals {
            subtotal_minor: net_minor,
            net_minor,
            tax_minor,
            total_minor: net_minor + tax_minor,
            ..Totals::default()
        },
        capture,
        expires_at: at(3_600),
    }
}

fn pick(number: u128, quantity: u32) -> Pick {
    Pick { variant: variant(number), location: SHELF, quantity }
}

/// An order of two of one thing and one of another, for 36 euros, that waits for its payment.
fn open_order(capture: Capture) -> Order {
    let events = open(
        id(),
        terms(capture, vec![line(1, 2), line(2, 1)]),
        vec![pick(1, 2), pick(2, 1)],
        PAYMENT,
        None,
    );
    let order = Order::fold(id(), &events.unwrap()).unwrap();
    after(order, Command::Start { payment: PAYMENT, reference: "pi_1".to_owned() })
}

fn after(order: Order, command: Command) -> Order {
    let events = decide(&order, command).unwrap();
    events.iter().fold(order, evolve)
}

fn heard(fact: Fact) -> Command {
    Command::Hear(Heard { payment: PAYMENT, fact, offers: vec![], refund: refund(9) })
}

fn captured(amount_minor: i64) -> Command {
    heard(Fact::Captured { amount: euros(amount_minor) })
}

fn paid() -> Order {
    after(open_order(Capture::Automatic), captured(3600))
}

fn give_back(number: u128, amount_minor: Option<i64>) -> Command {
    Command::Refund {
        refund: refund(number),
        payment: Some(PAYMENT),
        amount_minor,
        reason: "damaged".to_owned(),
    }
}

fn kinds(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.to_wire().unwrap().0).collect()
}

#[test]
fn an_open_order_has_its_stock_and_no_number() {
    let order = open_order(Capture::Automatic);
    assert_eq!(order.status(), OrderStatus::Open);
    assert_eq!(order.payment_status(), PaymentStatus::Pending);
    assert_eq!(order.held(), [pick(1, 2), pick(2, 1)]);
    assert_eq!(order.number, None);
}

#[test]
fn f14_only_certain_money_places_an_order() {
    let order = open_order(Capture::Manual);
    for fact in [
        Fact::Processing,
        Fact::ActionRequired,
        Fact::AttemptFailed { code: "card_declined".to_owned() },
    ] {
        assert!(!after(order.clone(), heard(fact.clone())).is_placed(), "{fact:?}");
    }
    let authorized = after(order.clone(), heard(Fact::Authorized { amount: euros(3600) }));
    assert!(authorized.is_placed());
    assert_eq!(authorized.payment_status(), PaymentStatus::Authorized);
    assert_eq!(authorized.committed(), [pick(1, 2), pick(2, 1)]);
    assert!(after(order, captured(3600)).is_placed());
}

#[test]
fn f02_two_lines_of_one_thing_need_two_pieces() {
    let lines = vec![line(1, 1), Line { id: LineId(Uuid::from_u128(7)), ..line(1, 1) }];
    let terms = terms(Capture::Automatic, lines);
    let one = open(id(), terms.clone(), vec![pick(1, 1)], PAYMENT, None);
    assert_eq!(one, Err(Rejected::NotReserved));
    assert!(open(id(), terms, vec![pick(1, 2)], PAYMENT, None).is_ok());
    let wanted = BTreeMap::from([(variant(1), 2)]);
    assert_eq!(
        allocate(&wanted, &[pick(1, 1)]),
        Err(vec![Shortage { variant: variant(1), wanted: 2, available: 1 }])
    );
}

#[test]
fn an_order_whose_amounts_do_not_add_up_is_not_opened() {
    for spoil in [
        |terms: &mut Terms| terms.totals.total_minor += 1,
        |terms: &mut Terms| terms.totals.tax_minor -= 1,
        |terms: &mut Terms| terms.lines[0].net_minor = i64::MAX,
        |terms: &mut Terms| terms.lines[0].tax_minor = -200,
    ] {
        let mut terms = terms(Capture::Automatic, vec![line(1, 2)]);
        spoil(&mut terms);
        assert_eq!(open(id(), terms, vec![pick(1, 2)], PAYMENT, None), Err(Rejected::Unbalanced));
    }
}

#[test]
fn what_costs_nothing_is_placed_at_once() {
    let free = Line { net_minor: 0, tax_minor: 0, ..line(1, 1) };
    let events =
        open(id(), terms(Capture::Automatic, vec![free]), vec![pick(1, 1)], PAYMENT, None).unwrap();
    let order = Order::fold(id(), &events).unwrap();
    assert!(order.is_placed());
    assert_eq!(order.payment_status(), PaymentStatus::None);
    assert!(order.operations().is_empty());
}

#[test]
fn f06_a_failed_attempt_keeps_the_stock_and_expiry_lets_it_go_once() {
    let failed = Fact::AttemptFailed { code: "card_declined".to_owned() };
    let order = after(open_order(Capture::Automatic), heard(failed));
    assert_eq!(order.payment_status(), PaymentStatus::Failed);
    assert_eq!(order.held().len(), 2);
    assert_eq!(decide(&order, Command::Expire { now: at(3_599) }), Err(Rejected::NotExpired));
    let expired = after(order, Command::Expire { now: at(3_600) });
    assert_eq!((expired.status(), expired.held()), (OrderStatus::Expired, vec![]));
    let again = decide(&expired, Command::Expire { now: at(9_999) });
    assert_eq!(again, Err(Rejected::NotExpired));
    assert!(matches!(&expired.operations()[..], [Operation::Void { .. }]));
}

#[test]
fn an_order_at_which_a_bank_works_does_not_expire() {
    let order = after(open_order(Capture::Automatic), heard(Fact::Processing));
    assert_eq!(decide(&order, Command::Expire { now: at(9_999) }), Err(Rejected::NotExpired));
}

#[test]
fn an_amount_that_the_provider_cannot_move_is_not_asked_for() {
    let mut order = paid();
    order.terms.currency = currency("KWD");
    let refused = Err(Rejected::NotChargeable(NotChargeable::LastDigit));
    assert_eq!(decide(&order, give_back(1, Some(2001))), refused);
    assert!(decide(&order, give_back(1, Some(2010))).is_ok());
    let kuwait = |amount_minor| Money { amount_minor, currency: currency("KWD") };
    let parts = [3_333, 3_330, 9, 0].map(|amount| kuwait(amount).chargeable_part_minor());
    assert_eq!(parts, [3_330, 3_330, 0, 0]);
    let ariary = Money { amount_minor: 555, currency: currency("MGA") };
    assert_eq!(
        (ariary.chargeable_part_minor(), euros(3_333).chargeable_part_minor()),
        (500, 3_333)
    );
}

#[test]
fn f36_no_more_goes_back_than_came() {
    let order = after(paid(), give_back(1, Some(2000)));
    assert_eq!(decide(&order, give_back(1, Some(2000))), Ok(vec![]), "asked twice is once");
    assert_eq!(decide(&order, give_back(1, Some(500))), Err(Rejected::OtherRefund(refund(1))));
    assert_eq!(
        decide(&order, give_back(2, Some(1601))),
        Err(Rejected::NotRefundable { wanted_minor: 1601, available_minor: 1600 })
    );
    let disputed = after(
        order.clone(),
        heard(Fact::Dispute {
            reference: "dp_1".to_owned(),
            amount: euros(1000),
            state: DisputeState::Open,
            is_withdrawn: true,
            is_reinstated: false,
        }),
    );
    let too_much = Rejected::NotRefundable { wanted_minor: 800, available_minor: 600 };
    assert_eq!(decide(&disputed, give_back(2, Some(800))), Err(too_much));
    // Two different refunds of the same amount are two.
    let twice = after(after(order, give_back(2, Some(800))), give_back(3, Some(800)));
    assert_eq!(twice.refunding_minor(), 3600);
    assert!(decide(&twice, give_back(4, None)).is_err());
}

#[test]
fn f22_for_pieces_taken_out_goes_back_what_is_more_than_the_rest_comes_to() {
    // Of 36 euros so much was taken; one piece of 12 euros is taken out, then another.
    for (taken, back) in [(3600, [1200, 1200]), (3000, [600, 1200]), (2400, [0, 1200])] {
        let order = after(open_order(Capture::Manual), captured(taken));
        let mut left = order;
        for (number, back) in (1..).zip(back) {
            let portions = vec![Portion { line: LineId(Uuid::from_u128(1)), quantity: 1 }];
            let reason = "broken".to_owned();
            let reduce = Command::Reduce { portions, reason, refund: refund(number) };
            left = after(left, reduce);
            let given = left.refund(refund(number)).map_or(0, |refund| refund.amount_minor);
            assert_eq!(given, back, "{number} of {taken}");
        }
        assert_eq!(left.captured_minor() - left.refunding_minor(), 1200);
    }
}

#[test]
fn a_cancelled_order_gives_back_money_and_stock() {
    let cancel = Command::Cancel { reason: "customer".to_owned(), refund: refund(1) };
    let order = after(paid(), cancel.clone());
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert_eq!((order.committed(), order.refunding_minor()), (vec![], 3600));
    assert_eq!(decide(&order, cancel.clone()), Ok(vec![]));
    let unpaid = after(open_order(Capture::Manual), cancel);
    assert_eq!(unpaid.held(), []);
    assert!(matches!(&unpaid.operations()[..], [Operation::Void { .. }]));
}

#[test]
fn f08_a_parcel_takes_what_is_the_orders_own() {
    let pack = |quantity| Command::Pack {
        fulfillment: PARCEL,
        portions: vec![Portion { line: LineId(Uuid::from_u128(1)), quantity }],
    };
    assert_eq!(decide(&open_order(Capture::Automatic), pack(1)), Err(Rejected::NotPlaced));
    let refused = decide(&paid(), pack(3)).unwrap_err();
    assert!(matches!(refused, Rejected::NotSoMany { wanted: 3, available: 2, .. }));
    let packed = after(paid(), pack(1));
    let shipped = decide(&packed, Command::Ship { fulfillment: PARCEL }).unwrap();
    assert_eq!(
        moves(&shipped),
        [StockMove {
            variant: variant(1),
            location: SHELF,
            on_hand: -1,
            reserved: 0,
            allocated: -1
        }]
    );
    let order = shipped.iter().fold(packed, evolve);
    assert_eq!(order.fulfillment_status(), FulfillmentStatus::Partial);
    assert_eq!(order.committed(), [pick(1, 1), pick(2, 1)]);
    let cancel = Command::Cancel { reason: String::new(), refund: refund(1) };
    assert_eq!(decide(&order, cancel), Err(Rejected::AlreadySent));
}

#[test]
fn goods_come_back_once_and_no_more_than_were_sent() {
    let portions = vec![Portion { line: LineId(Uuid::from_u128(1)), quantity: 2 }];
    let back = |quantity| Command::RequestReturn {
        returned: RETURN,
        portions: vec![Portion { line: LineId(Uuid::from_u128(1)), quantity }],
        reason: "too small".to_owned(),
    };
    assert!(matches!(decide(&paid(), back(1)), Err(Rejected::NotSoMany { available: 0, .. })));
    let order = after(paid(), Command::Pack { fulfillment: PARCEL, portions });
    let order = after(order, Command::Ship { fulfillment: PARCEL });
    let order = after(order, Command::Deliver { fulfillment: PARCEL });
    let order = after(order, back(2));
    let receive =
        |quantity| Command::ReceiveReturn { returned: RETURN, restock: vec![pick(1, quantity)] };
    assert_eq!(decide(&order, receive(2)), Err(Rejected::ReturnState(RETURN)));
    let order = after(order, Command::AnswerReturn { returned: RETURN, answer: Answer::Approve });
    assert_eq!(decide(&order, receive(3)), Err(Rejected::RestocksTooMuch));
    let received = decide(&order, receive(2)).unwrap();
    assert_eq!(kinds(&received), ["return.received.v1", "stock.restocked.v1"]);
    let order = received.iter().fold(order, evolve);
    assert_eq!(decide(&order, receive(2)), Ok(vec![]));
    assert_eq!(order.fulfillment_status(), FulfillmentStatus::PartReturned);
}

#[test]
fn operations_are_asked_for_until_they_are_answered() {
    let events =
        open(id(), terms(Capture::Manual, vec![line(1, 1)]), vec![pick(1, 1)], PAYMENT, None)
            .unwrap();
    let order = Order::fold(id(), &events).unwrap();
    let start = Operation::Start { payment: PAYMENT, amount_minor: 1200 };
    assert_eq!(order.operations(), std::slice::from_ref(&start));
    assert_eq!(start.key(), format!("pay:{PAYMENT}:create:1"));
    let order = after(order, Command::Start { payment: PAYMENT, reference: "pi_1".to_owned() });
    assert_eq!(order.operations(), []);
    let order = after(order, heard(Fact::Authorized { amount: euros(1200) }));
    let capture = Command::Capture { payment: PAYMENT, amount_minor: Some(1000) };
    let order = after(order, capture.clone());
    assert!(matches!(&order.operations()[..], [Operation::Capture { amount_minor: 1000, .. }]));
    assert_eq!(decide(&order, capture), Ok(vec![]));
    let order = after(order, captured(1000));
    assert_eq!(order.operations(), []);
    assert_eq!(order.payment_status(), PaymentStatus::PartCaptured);
}

#[test]
fn every_event_is_read_as_it_was_written() {
    for event in histories::one_of_each() {
        let (kind, body) = event.to_wire().unwrap();
        assert_eq!(Event::from_wire(&kind, body).unwrap(), event, "{kind}");
    }
}
