use super::*;
use crate::parcel::{REPORTS_MAX, Stage};

fn said(stage: Stage, second: i64) -> Command {
    Command::Report { fulfillment: PARCEL, stage, at: at(second) }
}

fn packed() -> Order {
    let portions = vec![Portion { line: LineId(Uuid::from_u128(1)), quantity: 2 }];
    after(paid(), Command::Pack { fulfillment: PARCEL, portions })
}

fn sent() -> Order {
    after(packed(), Command::Ship { fulfillment: PARCEL })
}

#[test]
fn what_a_carrier_repeats_or_says_too_late_is_no_news() {
    let order = after(sent(), said(Stage::InTransit, 20));
    for old in [said(Stage::InTransit, 20), said(Stage::InTransit, 30), said(Stage::Failed, 19)] {
        assert_eq!(decide(&order, old.clone()), Ok(vec![]), "{old:?}");
    }
    let order = after(order, said(Stage::Failed, 40));
    let order = after(order, said(Stage::InTransit, 50));
    let stages: Vec<Stage> = order.fulfillments[0].reports.iter().map(|it| it.stage).collect();
    assert_eq!(stages, [Stage::InTransit, Stage::Failed, Stage::InTransit]);
    // It is there, whatever was said of it and whenever that was.
    let delivered = decide(&order, said(Stage::Delivered, 10)).unwrap();
    assert_eq!(kinds(&delivered), ["fulfillment.delivered.v1"]);
    let order = delivered.iter().fold(order, evolve);
    for stage in Stage::ALL {
        assert_eq!(decide(&order, said(stage, 60)), Ok(vec![]), "{stage:?}");
    }
}

#[test]
fn a_parcel_that_did_not_leave_is_not_under_way() {
    let unpacked = after(packed(), Command::Unpack { fulfillment: PARCEL });
    for stage in Stage::ALL {
        assert_eq!(decide(&packed(), said(stage, 1)), Ok(vec![]), "{stage:?}");
        assert_eq!(decide(&unpacked, said(stage, 1)), Ok(vec![]), "{stage:?}");
    }
    assert_eq!(decide(&paid(), said(Stage::Failed, 1)), Err(Rejected::NoSuchFulfillment(PARCEL)));
}

#[test]
fn a_carrier_out_of_its_mind_fills_no_history_and_is_heard_at_the_end() {
    let mut order = sent();
    for second in 0..1_000 {
        let stage = [Stage::InTransit, Stage::Failed][usize::from(second % 2 == 1)];
        order = after(order, said(stage, second));
    }
    assert_eq!(order.fulfillments[0].reports.len(), REPORTS_MAX);
    let order = after(order, said(Stage::Delivered, 1));
    assert_eq!(order.fulfillments[0].state, FulfillmentState::Delivered);
}

#[test]
fn a_report_that_was_stored_once_is_readable_for_ever() {
    let body = serde_json::json!({
        "fulfillment": "00000000-0000-0000-0000-0000000000b0",
        "stage": "out_for_delivery",
        "at": "1970-01-01T00:00:07Z",
    });
    let (stage, at) = (Stage::OutForDelivery, at(7));
    assert_eq!(
        Event::from_wire("fulfillment.reported.v1", body).unwrap(),
        Event::FulfillmentReported { fulfillment: PARCEL, stage, at }
    );
}
