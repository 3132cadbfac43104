use super::*;
use crate::dice::Dice;
use crate::id::CreditId;
use crate::message::QueueName;

pub(super) const CARD: CreditId = CreditId(Uuid::from_u128(0xCA2D));

/// An order of 36 euros, of which a card pays so much.
fn carded(capture: Capture, spent_minor: i64) -> Result<Order, Rejected> {
    let terms = terms(capture, vec![line(1, 2), line(2, 1)]);
    let picks = vec![pick(1, 2), pick(2, 1)];
    let events = open(id(), terms, picks, PAYMENT, Some((CARD, spent_minor)))?;
    Ok(Order::fold(id(), &events).unwrap())
}

/// The same, with its rest paid.
fn paid_with(spent_minor: i64) -> Order {
    after(carded(Capture::Automatic, spent_minor).unwrap(), captured(3600 - spent_minor))
}

/// What goes back by a command: money, and credit.
fn goes_back(order: &Order, command: Command) -> (i64, i64) {
    let now = after(order.clone(), command);
    (
        now.refunding_minor() - order.refunding_minor(),
        order.kept_credit_minor() - now.kept_credit_minor(),
    )
}

fn refund_of(number: u128, amount_minor: Option<i64>) -> Command {
    let reason = "damaged".to_owned();
    Command::Refund { refund: refund(number), payment: None, amount_minor, reason }
}

fn cancel() -> Command {
    Command::Cancel { reason: "changed her mind".to_owned(), refund: refund(7) }
}

fn take_out(quantity: u32) -> Command {
    let portions = vec![Portion { line: LineId(Uuid::from_u128(1)), quantity }];
    Command::Reduce { portions, reason: "broken".to_owned(), refund: refund(8) }
}

#[test]
fn a_card_pays_a_part_and_a_payment_is_asked_for_the_rest() {
    let order = carded(Capture::Automatic, 2000).unwrap();
    assert_eq!((order.spent_minor(), order.payments[0].amount_minor), (2000, 1600));
    assert_eq!(order.terms.totals.total_minor, 3600);
    assert_eq!(
        (order.status(), order.payment_status()),
        (OrderStatus::Open, PaymentStatus::Pending)
    );
    let paid = after(order, captured(1600));
    let told = (paid.status(), paid.payment_status());
    assert_eq!(told, (OrderStatus::Confirmed, PaymentStatus::Captured));
    for wrong in [0, -1, 3601] {
        assert_eq!(carded(Capture::Automatic, wrong), Err(Rejected::Overspent), "{wrong}");
    }
}

#[test]
fn a_card_that_pays_for_all_of_it_places_the_order_and_asks_no_provider() {
    let order = carded(Capture::Manual, 3600).unwrap();
    assert!(order.is_placed() && order.payments.is_empty() && order.operations().is_empty());
    assert_eq!(order.payment_status(), PaymentStatus::Captured);
    assert_eq!(order.committed(), [pick(1, 2), pick(2, 1)]);
    let part = after(order.clone(), refund_of(1, Some(600)));
    assert_eq!(part.payment_status(), PaymentStatus::PartRefunded);
    assert_eq!(after(part, refund_of(2, None)).payment_status(), PaymentStatus::Refunded);
    let cancelled = after(order, cancel());
    assert_eq!((cancelled.kept_credit_minor(), cancelled.refunding_minor()), (0, 0));
    assert_eq!(cancelled.payment_status(), PaymentStatus::Refunded);
}

#[test]
fn f35_what_is_not_paid_gives_the_card_back_once() {
    let order = carded(Capture::Automatic, 2000).unwrap();
    for ends in [Command::Expire { now: at(3_600) }, cancel(), heard(Fact::Voided)] {
        let ended = after(order.clone(), ends.clone());
        assert_eq!((ended.spent_minor(), ended.kept_credit_minor()), (2000, 0), "{ends:?}");
        // A bank that says so again, or a second cancelling, gives nothing more.
        for again in [cancel(), heard(Fact::Voided)] {
            let events = decide(&ended, again).unwrap_or_default();
            assert!(!kinds(&events).contains(&"credit.returned.v1".to_owned()), "{events:?}");
        }
    }
}

#[test]
fn f07_who_pays_late_gets_the_money_back_because_the_card_may_be_spent() {
    let expired =
        after(carded(Capture::Automatic, 2000).unwrap(), Command::Expire { now: at(3_600) });
    let late = after(expired.clone(), captured(1600));
    assert!(!late.is_placed());
    assert_eq!((late.status(), late.refunding_minor()), (OrderStatus::Cancelled, 1600));
    assert_eq!(late.kept_credit_minor(), 0);
    let late = after(expired, heard(Fact::Authorized { amount: euros(1600) }));
    assert!(!late.is_placed() && late.payments[0].is_void_requested);
    // When the stock is gone, the card is given back with the money.
    let mut short = carded(Capture::Automatic, 2000).unwrap();
    short.holds.clear();
    let short = after(short, captured(1600));
    assert_eq!((short.refunding_minor(), short.kept_credit_minor()), (1600, 0));
}

#[test]
fn f36_money_goes_back_first_and_credit_by_the_rest() {
    let order = paid_with(2000);
    assert_eq!(goes_back(&order, refund_of(1, Some(1000))), (1000, 0));
    assert_eq!(goes_back(&order, refund_of(1, Some(2600))), (1600, 1000));
    assert_eq!(goes_back(&order, refund_of(1, None)), (1600, 2000));
    assert_eq!(goes_back(&order, cancel()), (1600, 2000));
    let too_much = Rejected::NotRefundable { wanted_minor: 3601, available_minor: 3600 };
    assert_eq!(decide(&order, refund_of(1, Some(3601))), Err(too_much));
    let back = after(order, refund_of(1, Some(2600)));
    assert_eq!(decide(&back, refund_of(1, Some(2600))), Ok(vec![]), "asked twice is once");
    assert_eq!(decide(&back, refund_of(1, None)), Ok(vec![]));
    assert_eq!(decide(&back, refund_of(1, Some(2599))), Err(Rejected::OtherRefund(refund(1))));
    let named = |payment| Command::Refund {
        refund: refund(1),
        payment: Some(payment),
        amount_minor: None,
        reason: String::new(),
    };
    assert_eq!(decide(&back, named(PAYMENT)), Ok(vec![]));
    let other = PaymentId(Uuid::from_u128(0xA1));
    assert_eq!(decide(&back, named(other)), Err(Rejected::OtherRefund(refund(1))));
    let rest = after(back, refund_of(2, None));
    assert_eq!((rest.refunding_minor(), rest.kept_credit_minor()), (1600, 0));
    assert_eq!(rest.payment_status(), PaymentStatus::PartRefunded, "the money is on its way");
}

#[test]
fn what_a_card_is_to_pay_goes_not_back_by_a_refund_before_the_order_is_placed() {
    let order = carded(Capture::Automatic, 2000).unwrap();
    let nothing = Rejected::NotRefundable { wanted_minor: 500, available_minor: 0 };
    assert_eq!(decide(&order, refund_of(1, Some(500))), Err(nothing));
    let expired = after(order, Command::Expire { now: at(3_600) });
    assert!(decide(&expired, refund_of(1, None)).is_err());
}

#[test]
fn pieces_that_are_taken_out_give_back_money_first_and_are_not_taken_twice() {
    assert_eq!(goes_back(&paid_with(2000), take_out(1)), (1200, 0));
    assert_eq!(goes_back(&paid_with(2000), take_out(2)), (1600, 800));
    let by_card = carded(Capture::Automatic, 3600).unwrap();
    assert_eq!(goes_back(&by_card, take_out(2)), (0, 2400));
    let authorized = |spent_minor: i64| {
        let amount = euros(3600 - spent_minor);
        after(carded(Capture::Manual, spent_minor).unwrap(), heard(Fact::Authorized { amount }))
    };
    // What is not taken yet is not taken, and only what the card has paid beyond that goes back.
    for (spent_minor, quantity, back, taken_minor) in
        [(2000, 1, (0, 0), Some(400)), (2000, 2, (0, 800), None), (600, 2, (0, 0), Some(600))]
    {
        let order = authorized(spent_minor);
        assert_eq!(goes_back(&order, take_out(quantity)), back, "{spent_minor}");
        let less = after(order, take_out(quantity));
        let take = Command::Capture { payment: PAYMENT, amount_minor: None };
        let taken = decide(&less, take).ok().and_then(|events| match &events[..] {
            [Event::PaymentCaptureRequested { amount_minor, .. }] => Some(*amount_minor),
            _ => None,
        });
        assert_eq!(taken, taken_minor, "{spent_minor}");
    }
}

#[test]
fn what_is_stored_of_credit_is_read_for_ever() {
    let card = CARD.to_string();
    let spent = serde_json::json!({ "credit": card, "amount_minor": 2000 });
    let under = serde_json::json!({ "credit": card, "amount_minor": 5, "refund": refund(1) });
    let event = Event::CreditSpent { credit: CARD, amount_minor: 2000 };
    assert_eq!(Event::from_wire("credit.spent.v1", spent.clone()).unwrap(), event);
    let event = Event::CreditReturned { credit: CARD, amount_minor: 2000, refund: None };
    assert_eq!(Event::from_wire("credit.returned.v1", spent.clone()).unwrap(), event);
    assert_eq!(event.to_wire().unwrap(), ("credit.returned.v1".to_owned(), spent));
    assert_eq!(event.followers(), [QueueName::Sales]);
    let event = Event::CreditReturned { credit: CARD, amount_minor: 5, refund: Some(refund(1)) };
    assert_eq!(event.to_wire().unwrap(), ("credit.returned.v1".to_owned(), under));
}

/// A provider that says only what is true: it takes what it may, and gives back what it is asked.
fn true_fact(order: &Order, dice: &mut Dice) -> Option<Fact> {
    let payment = order.payments.first()?;
    let amount = euros(payment.amount_minor);
    let requested = order.refunds.iter().find(|it| it.state == RefundState::Requested);
    match dice.roll(6) {
        0 if payment.captured_minor == 0 && !payment.is_voided => Some(Fact::Captured { amount }),
        1 if payment.captured_minor == 0 && !payment.is_voided => Some(Fact::Authorized { amount }),
        2 if payment.is_void_requested => Some(Fact::Voided),
        3 => Some(Fact::Processing),
        _ => requested.map(|it| Fact::Refund {
            reference: format!("re_{}", it.id),
            refund: Some(it.id),
            amount: euros(it.amount_minor),
            state: [RefundState::Succeeded, RefundState::Failed][usize::from(dice.roll(4) == 0)],
        }),
    }
}

fn any_command(order: &Order, dice: &mut Dice) -> Option<Command> {
    let amount_minor = [None, Some(1), Some(700), Some(1600), Some(3600), Some(9000)];
    Some(match dice.roll(12) {
        0..=3 => Command::Hear(Heard {
            payment: PAYMENT,
            fact: true_fact(order, dice)?,
            offers: [vec![], vec![pick(1, 9), pick(2, 9)]][dice.roll(2) as usize].clone(),
            refund: refund(u128::from(dice.roll(20)) + 10),
        }),
        4..=6 => refund_of(u128::from(dice.roll(6)), amount_minor[dice.roll(6) as usize]),
        7 => take_out(u32::try_from(dice.roll(2)).unwrap() + 1),
        8 => Command::Expire { now: at(9_999) },
        9 => cancel(),
        10 => Command::Capture { payment: PAYMENT, amount_minor: None },
        _ => Command::Void { payment: PAYMENT },
    })
}

#[test]
fn f36_never_more_goes_back_than_was_captured_and_spent() {
    let mut dice = Dice(0x5eed_0038);
    let (mut given_back, mut placed) = (0, 0);
    for _ in 0..6_000 {
        let spent_minor = [1, 600, 2000, 3599, 3600][dice.roll(5) as usize];
        let capture = [Capture::Automatic, Capture::Manual][dice.roll(2) as usize];
        let mut order = carded(capture, spent_minor).unwrap();
        // The opening has spent it; all that comes is what goes back.
        let mut books = BTreeMap::from([(Account::Credit, spent_minor)]);
        for _ in 0..20 {
            let Some(command) = any_command(&order, &mut dice) else { continue };
            let Ok(events) = decide(&order, command) else { continue };
            for event in &events {
                for line in postings(&order, event) {
                    *books.entry(line.account).or_default() += line.amount_minor;
                }
                order = evolve(order, event);
            }
            let kept_minor = order.kept_credit_minor();
            assert!((0..=spent_minor).contains(&kept_minor), "{order:?}");
            assert!(order.refunding_minor() <= order.captured_minor(), "{order:?}");
            let back_minor = order.refunding_minor() + spent_minor - kept_minor;
            assert!(order.captured_minor() + spent_minor - back_minor >= 0, "{order:?}");
            if order.ended.is_some() {
                assert_eq!(kept_minor, 0, "{order:?}");
            }
            given_back += i32::from(back_minor > 0);
        }
        assert_eq!(books[&Account::Credit], order.kept_credit_minor(), "{order:?}");
        placed += i32::from(order.is_placed());
    }
    assert!(given_back > 10_000 && placed > 1_000, "{given_back} and {placed} are not much");
}
