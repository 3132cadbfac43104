use super::*;

fn dispute(state: DisputeState, is_withdrawn: bool, is_reinstated: bool) -> Fact {
    Fact::Dispute {
        reference: "dp_1".to_owned(),
        amount: euros(3600),
        state,
        is_withdrawn,
        is_reinstated,
    }
}

fn refunded(state: RefundState) -> Fact {
    Fact::Refund {
        reference: "re_1".to_owned(),
        refund: Some(refund(1)),
        amount: euros(500),
        state,
    }
}

fn permutations(items: &[Fact]) -> Vec<Vec<Fact>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let mut all = vec![];
    for index in 0..items.len() {
        let mut rest = items.to_vec();
        let first = rest.remove(index);
        for mut permutation in permutations(&rest) {
            permutation.insert(0, first.clone());
            all.push(permutation);
        }
    }
    all
}

/// How an order ends up, whatever the order of what was heard.
fn end(capture: Capture, facts: &[Fact], repeat: bool) -> Order {
    let mut order = open_order(capture);
    for fact in facts {
        order = after(order, heard(fact.clone()));
        if repeat {
            assert_eq!(decide(&order, heard(fact.clone())), Ok(vec![]), "{fact:?} again");
        }
    }
    order.version = 0;
    order
}

#[test]
fn f13_six_notices_end_alike_in_all_720_orders() {
    for capture in [Capture::Automatic, Capture::Manual] {
        let facts = [
            Fact::Processing,
            Fact::ActionRequired,
            Fact::Authorized { amount: euros(3600) },
            Fact::Captured { amount: euros(3600) },
            refunded(RefundState::Succeeded),
            dispute(DisputeState::Lost, true, false),
        ];
        let expected = end(capture, &facts, false);
        assert_eq!(expected.payment_status(), PaymentStatus::PartRefunded);
        assert!(expected.is_placed() && expected.is_disputed());
        let orders = permutations(&facts);
        assert_eq!(orders.len(), 720);
        for facts in orders {
            assert_eq!(end(capture, &facts, true), expected, "{facts:?}");
        }
    }
}

#[test]
fn f13_refunds_and_disputes_end_alike_in_any_order() {
    let facts = [
        refunded(RefundState::Pending),
        refunded(RefundState::Succeeded),
        refunded(RefundState::Failed),
        dispute(DisputeState::Open, true, false),
        dispute(DisputeState::Open, false, true),
        dispute(DisputeState::Won, false, false),
    ];
    let order = |facts: &[Fact]| {
        let mut order = facts.iter().fold(paid(), |order, fact| after(order, heard(fact.clone())));
        order.version = 0;
        order
    };
    let expected = order(&facts);
    assert_eq!(expected.refunding_minor(), 0, "a refund can fail after it succeeded");
    assert!(!expected.is_disputed());
    for facts in permutations(&facts) {
        assert_eq!(order(&facts), expected, "{facts:?}");
    }
}

#[test]
fn f17_what_is_not_the_amount_due_is_not_placed_and_goes_back() {
    for amount in [3599, 3601] {
        let order = after(open_order(Capture::Automatic), captured(amount));
        assert_eq!(order.status(), OrderStatus::Review, "{amount}");
        assert!(!order.is_placed());
        assert_eq!(order.refunding_minor(), amount);
        assert_eq!(decide(&order, captured(amount)), Ok(vec![]));
    }
    let more = Fact::Authorized { amount: euros(9900) };
    let order = after(open_order(Capture::Manual), heard(more));
    assert_eq!(order.status(), OrderStatus::Review);
    assert!(matches!(&order.operations()[..], [Operation::Void { .. }]));
    let dollars = Money { amount_minor: 3600, currency: currency("USD") };
    let order = after(open_order(Capture::Automatic), heard(Fact::Captured { amount: dollars }));
    assert_eq!((order.status(), order.captured_minor()), (OrderStatus::Review, 0));
}

fn late(offers: Vec<Pick>) -> Command {
    let fact = Fact::Captured { amount: euros(3600) };
    Command::Hear(Heard { payment: PAYMENT, fact, offers, refund: refund(9) })
}

#[test]
fn f07_what_is_paid_after_its_time_takes_stock_again() {
    let expired = after(open_order(Capture::Automatic), Command::Expire { now: at(9_999) });
    let events = decide(&expired, late(vec![pick(1, 5), pick(2, 5)])).unwrap();
    assert_eq!(
        kinds(&events),
        ["payment.captured.v1", "stock.reserved.v1", "stock.committed.v1", "order.placed.v1",]
    );
    let order = events.iter().fold(expired, evolve);
    assert_eq!(order.status(), OrderStatus::Confirmed);
    assert_eq!(order.committed(), [pick(1, 2), pick(2, 1)]);
}

#[test]
fn f04_what_is_paid_when_the_stock_is_gone_goes_back() {
    let expired = after(open_order(Capture::Automatic), Command::Expire { now: at(9_999) });
    let order = after(expired, late(vec![pick(1, 5)]));
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert_eq!(order.refunding_minor(), 3600);
    assert!(!order.is_placed());
    assert_eq!((order.held(), order.committed()), (vec![], vec![]));

    let expired = after(open_order(Capture::Manual), Command::Expire { now: at(9_999) });
    let order = after(expired, heard(Fact::Authorized { amount: euros(3600) }));
    assert!(matches!(&order.operations()[..], [Operation::Void { .. }]), "void, not refund");
}

#[test]
fn f04_what_is_paid_for_a_cancelled_order_goes_back() {
    let cancel = Command::Cancel { reason: "customer".to_owned(), refund: refund(1) };
    let order = after(open_order(Capture::Automatic), cancel);
    let order = after(order, late(vec![pick(1, 5), pick(2, 5)]));
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert_eq!(order.refunding_minor(), 3600);
}

#[test]
fn an_authorization_that_ends_before_its_capture_is_looked_at() {
    let order = open_order(Capture::Manual);
    let order = after(order, heard(Fact::Authorized { amount: euros(3600) }));
    let order = after(order, heard(Fact::Voided));
    assert_eq!(order.review, Some(ReviewReason::PaymentVoided));
    assert_eq!(order.payment_status(), PaymentStatus::Voided);
}

#[test]
fn a_refund_that_was_asked_for_at_the_provider_is_known_once() {
    let elsewhere = |state| Fact::Refund {
        reference: "re_7".to_owned(),
        refund: None,
        amount: euros(500),
        state,
    };
    let order = after(paid(), heard(elsewhere(RefundState::Pending)));
    let order = after(order, heard(elsewhere(RefundState::Succeeded)));
    assert_eq!((order.refunds.len(), order.refunding_minor()), (1, 500));
}
