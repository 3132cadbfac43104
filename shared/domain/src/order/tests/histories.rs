use super::*;
use crate::dice::Dice;
use crate::order::Replacement;

fn any_amount(dice: &mut Dice) -> i64 {
    [0, 1, 1200, 3599, 3600, 3601, 9900, -5][dice.roll(8) as usize]
}

fn any_fact(dice: &mut Dice) -> Fact {
    let amount = euros(any_amount(dice));
    match dice.roll(9) {
        0 => Fact::ActionRequired,
        1 => Fact::Processing,
        2 => Fact::AttemptFailed { code: "declined".to_owned() },
        3 => Fact::Authorized { amount },
        4 => Fact::Captured { amount: euros([3600, amount.amount_minor][dice.roll(2) as usize]) },
        5 => Fact::Voided,
        6 => Fact::FraudWarning,
        7 => Fact::Refund {
            reference: format!("re_{}", dice.roll(3)),
            refund: (dice.roll(2) == 0).then(|| refund(u128::from(dice.roll(3)))),
            amount: euros(any_amount(dice).abs()),
            state: [RefundState::Pending, RefundState::Succeeded, RefundState::Failed]
                [dice.roll(3) as usize],
        },
        _ => Fact::Dispute {
            reference: "dp_1".to_owned(),
            amount: euros(any_amount(dice).abs()),
            state: [DisputeState::Open, DisputeState::Won, DisputeState::Lost]
                [dice.roll(3) as usize],
            is_withdrawn: dice.roll(2) == 0,
            is_reinstated: dice.roll(2) == 0,
        },
    }
}

fn any_command(dice: &mut Dice) -> Command {
    let fulfillment = FulfillmentId(Uuid::from_u128(u128::from(dice.roll(3))));
    let returned = ReturnId(Uuid::from_u128(u128::from(dice.roll(2))));
    let portions = vec![Portion {
        line: LineId(Uuid::from_u128(u128::from(dice.roll(3)) + 1)),
        quantity: u32::try_from(dice.roll(3)).unwrap(),
    }];
    match dice.roll(18) {
        0..=4 => Command::Hear(Heard {
            payment: PAYMENT,
            fact: any_fact(dice),
            offers: [vec![], vec![pick(1, 9), pick(2, 9)]][dice.roll(2) as usize].clone(),
            refund: refund(u128::from(dice.roll(20)) + 10),
        }),
        5 => Command::Expire { now: at(9_999) },
        6 => Command::Cancel { reason: String::new(), refund: refund(5) },
        7 => Command::Capture { payment: PAYMENT, amount_minor: Some(any_amount(dice)) },
        8 => Command::Void { payment: PAYMENT },
        9 => give_back(u128::from(dice.roll(6)), Some(any_amount(dice))),
        10 => Command::Pack { fulfillment, portions },
        11 => Command::Ship { fulfillment },
        12 => Command::Deliver { fulfillment },
        13 => Command::RequestReturn { returned, portions, reason: String::new() },
        14 => Command::Report {
            fulfillment,
            stage: crate::parcel::Stage::ALL[dice.roll(6) as usize],
            at: at(i64::try_from(dice.roll(9)).unwrap()),
        },
        15 => {
            let with = Replacement {
                product: ProductId(Uuid::from_u128(1)),
                variant: variant(1),
                sku: String::new(),
                title: String::new(),
                categories: vec![],
                quantity: u32::try_from(dice.roll(3)).unwrap(),
                is_stocked: dice.roll(2) == 0,
            };
            let goods = vec![(LineId(Uuid::from_u128(0x70)), with)];
            Command::Exchange { returned, goods, offers: vec![pick(1, 9)] }
        }
        16 => Command::AnswerReturn { returned, answer: Answer::Approve },
        _ if dice.roll(2) == 0 => Command::ClearReview,
        _ => Command::ReceiveReturn { returned, restock: vec![pick(1, 1)] },
    }
}

#[test]
fn whatever_happens_stock_and_money_add_up() {
    let mut dice = Dice(0x5eed_0002);
    let mut accepted = 0;
    for _ in 0..4_000 {
        let capture = [Capture::Automatic, Capture::Manual][dice.roll(2) as usize];
        let mut order = open_order(capture);
        let mut stock: BTreeMap<VariantId, (i64, i64)> = BTreeMap::new();
        for pick in order.held() {
            stock.entry(pick.variant).or_default().0 = i64::from(pick.quantity);
        }
        let mut books: BTreeMap<Account, i64> = BTreeMap::new();
        for _ in 0..25 {
            let Ok(events) = decide(&order, any_command(&mut dice)) else { continue };
            for row in moves(&events) {
                let (reserved, allocated) = stock.entry(row.variant).or_default();
                *reserved += row.reserved;
                *allocated += row.allocated;
            }
            for event in &events {
                let lines = postings(&order, event);
                assert_eq!(lines.iter().map(|line| line.amount_minor).sum::<i64>(), 0, "{event:?}");
                for line in lines {
                    *books.entry(line.account).or_default() += line.amount_minor;
                }
                order = evolve(order, event);
                accepted += 1;
            }
            check(&order, &stock);
        }
        let provider = books.get(&Account::Provider).copied().unwrap_or_default();
        assert_eq!(provider, kept(&order), "{order:?}");
    }
    assert!(accepted > 10_000, "{accepted} events were not much of a test");
}

/// What is held is what stock says is held, and never negative.
fn check(order: &Order, stock: &BTreeMap<VariantId, (i64, i64)>) {
    let sum = |picks: Vec<Pick>, variant: VariantId| -> i64 {
        let of = picks.into_iter().filter(|pick| pick.variant == variant);
        of.map(|pick| i64::from(pick.quantity)).sum()
    };
    for (&variant, &(reserved, allocated)) in stock {
        assert!(reserved >= 0 && allocated >= 0, "{order:?}");
        assert_eq!(reserved, sum(order.held(), variant), "{order:?}");
        assert_eq!(allocated, sum(order.committed(), variant), "{order:?}");
    }
    if order.ended.is_some() {
        assert_eq!((order.held(), order.committed()), (vec![], vec![]), "{order:?}");
    }
    let ours: i64 = order
        .refunds
        .iter()
        .filter(|refund| refund.state == RefundState::Requested)
        .map(|refund| refund.amount_minor)
        .sum();
    assert!(ours <= order.captured_minor(), "{order:?}");
    for operation in order.operations() {
        assert!(!operation.key().is_empty());
    }
}

/// What lies with the provider: captured, less what went back, less what banks hold.
fn kept(order: &Order) -> i64 {
    let back: i64 = order
        .refunds
        .iter()
        .filter(|refund| refund.state == RefundState::Succeeded)
        .map(|refund| refund.amount_minor)
        .sum();
    let gone: i64 = order
        .disputes
        .iter()
        .filter(|dispute| dispute.is_withdrawn && !dispute.is_reinstated)
        .map(|dispute| dispute.amount_minor)
        .sum();
    order.captured_minor() - back - gone
}

/// One event of each kind.
pub(super) fn one_of_each() -> Vec<Event> {
    let payment = PAYMENT;
    let (fulfillment, returned) = (PARCEL, RETURN);
    let amount_minor = 3600;
    let picks = || vec![pick(1, 2)];
    let portions = || vec![Portion { line: LineId(Uuid::from_u128(1)), quantity: 1 }];
    let text = || "text".to_owned();
    vec![
        Event::Opened(terms(Capture::Manual, vec![line(1, 2)])),
        Event::StockReserved { picks: picks() },
        Event::StockCommitted { picks: picks() },
        Event::StockReleased { picks: picks(), from: PutBack::Committed },
        Event::StockRestocked { picks: picks() },
        Event::StockShortfallDetected {
            shortages: vec![Shortage { variant: variant(1), wanted: 2, available: 1 }],
        },
        Event::CreditSpent { credit: credit::CARD, amount_minor },
        Event::CreditReturned { credit: credit::CARD, amount_minor, refund: Some(refund(1)) },
        Event::PaymentRequested { payment, amount_minor },
        Event::PaymentStarted { payment, reference: text() },
        Event::PaymentActionRequired { payment },
        Event::PaymentProcessing { payment },
        Event::PaymentAttemptFailed { payment, code: text() },
        Event::PaymentAuthorized { payment, amount_minor },
        Event::PaymentCaptureRequested { payment, amount_minor },
        Event::PaymentCaptured { payment, amount_minor },
        Event::PaymentVoidRequested { payment },
        Event::PaymentVoided { payment },
        Event::PaymentMismatchDetected { payment, amount_minor, currency: text() },
        Event::RefundRequested { refund: refund(1), payment, amount_minor, reason: text() },
        Event::RefundRecorded {
            refund: refund(1),
            payment,
            amount_minor,
            reference: text(),
            state: RefundState::Failed,
        },
        Event::DisputeRecorded(Dispute {
            reference: text(),
            payment,
            amount_minor,
            state: DisputeState::Won,
            is_withdrawn: true,
            is_reinstated: true,
        }),
        Event::Placed { number: 7 },
        Event::HeldForReview { reason: ReviewReason::Manual },
        Event::ReviewCleared,
        Event::Cancelled { reason: text() },
        Event::LinesReduced { refund: refund(1), portions: portions(), reason: text() },
        Event::ContactChanged { contact: ContactId(Uuid::from_u128(3)) },
        Event::Expired { at: at(9) },
        Event::FulfillmentCreated { fulfillment, portions: portions(), picks: picks() },
        Event::FulfillmentShipped { fulfillment, picks: picks() },
        Event::TrackingUpdated { fulfillment, carrier: text(), number: text() },
        Event::FulfillmentReported { fulfillment, stage: crate::parcel::Stage::Failed, at: at(9) },
        Event::FulfillmentDelivered { fulfillment },
        Event::FulfillmentCancelled { fulfillment },
        Event::ReturnRequested { returned, portions: portions(), reason: text() },
        Event::ReturnApproved { returned },
        Event::ReturnRejected { returned },
        Event::ReturnReceived { returned },
        Event::ReturnCancelled { returned },
        Event::ExchangeCreated { returned, lines: vec![line(3, 1)] },
        Event::NoteAdded { text: text() },
        Event::PersonalDataErased { contact: ContactId(Uuid::from_u128(3)) },
    ]
}
