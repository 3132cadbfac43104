use super::*;

fn history(commands: Vec<Command>) -> Vec<Stored> {
    let (terms, picks) = (terms(Capture::Automatic, vec![line(1, 2)]), vec![pick(1, 2)]);
    let mut events = open(id(), terms, picks, PAYMENT, None).unwrap();
    for command in commands {
        let order = Order::fold(id(), &events).unwrap();
        events.extend(decide(&order, command).unwrap());
    }
    let stored = |(version, event)| Stored {
        version,
        event,
        actor: "test".to_owned(),
        request_id: None,
        recorded_at: at(i64::from(version)),
    };
    (1..).zip(events).map(stored).collect()
}

fn refunded(state: RefundState) -> Command {
    let amount = euros(500);
    heard(Fact::Refund { reference: "re_1".to_owned(), refund: Some(refund(1)), amount, state })
}

fn dispute(state: DisputeState, is_withdrawn: bool) -> Command {
    let (reference, amount) = ("dp_1".to_owned(), euros(2400));
    heard(Fact::Dispute { reference, amount, state, is_withdrawn, is_reinstated: false })
}

#[test]
fn each_change_is_told_once_and_what_is_said_again_is_no_news() {
    let history = history(vec![
        captured(2400),
        refunded(RefundState::Pending),
        refunded(RefundState::Succeeded),
        refunded(RefundState::Pending),
        dispute(DisputeState::Open, false),
        dispute(DisputeState::Open, true),
        dispute(DisputeState::Lost, true),
    ]);
    let told = announcements(id(), &history, 0);
    let names: Vec<&str> = told.iter().map(|told| told.topic.as_str()).collect();
    assert_eq!(
        names,
        [
            "payment.captured",
            "order.placed",
            "refund.pending",
            "refund.succeeded",
            "dispute.opened",
            "dispute.lost"
        ]
    );
    let captured = &told[0];
    assert_eq!(captured.subject, Some(PAYMENT.to_string()));
    assert_eq!(captured.amount_minor, Some(2400));
    assert_eq!(captured.at, at(i64::from(captured.version)));
    for told in &told {
        let event = &history.iter().find(|it| it.version == told.version).unwrap().event;
        assert!(event.followers().contains(&crate::message::QueueName::Hooks), "{event:?}");
    }
    let rest = announcements(id(), &history, told[3].version);
    assert_eq!(rest, told[4..]);
    assert!(announcements(id(), &history, history.last().unwrap().version).is_empty());
    assert!(announcements(id(), &[], 0).is_empty());
}

/// Topics and subjects of what is told of a history.
fn told(commands: Vec<Command>) -> Vec<(&'static str, Option<String>)> {
    let told = announcements(id(), &history(commands), 0);
    told.into_iter().map(|told| (told.topic.as_str(), told.subject)).collect()
}

#[test]
fn a_parcel_and_what_comes_back_of_it_are_told_by_their_ids() {
    let portions = vec![Portion { line: LineId(Uuid::from_u128(1)), quantity: 2 }];
    let told = told(vec![
        captured(2400),
        Command::Pack { fulfillment: PARCEL, portions: portions.clone() },
        Command::Ship { fulfillment: PARCEL },
        Command::Deliver { fulfillment: PARCEL },
        Command::RequestReturn { returned: RETURN, portions, reason: String::new() },
        Command::AnswerReturn { returned: RETURN, answer: Answer::Approve },
        Command::ReceiveReturn { returned: RETURN, restock: vec![] },
    ]);
    let parcel = Some(PARCEL.to_string());
    let after_placing = [
        ("fulfillment.shipped", parcel.clone()),
        ("fulfillment.delivered", parcel),
        ("return.received", Some(RETURN.to_string())),
    ];
    assert_eq!(told[2..], after_placing);
}

#[test]
fn how_an_order_ends_is_told() {
    let expired = told(vec![Command::Expire { now: at(9_999) }]);
    assert_eq!(expired, [("order.expired", None)]);
    let cancel = Command::Cancel { reason: String::new(), refund: refund(1) };
    assert_eq!(told(vec![captured(2400), cancel])[2], ("order.cancelled", None));
}

#[test]
fn every_topic_is_found_by_its_name() {
    for topic in Topic::ALL {
        assert_eq!(Topic::parse(topic.as_str()), Some(topic));
    }
    assert_eq!(Topic::parse("order.lost"), None);
}
