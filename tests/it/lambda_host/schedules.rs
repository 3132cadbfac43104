use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::{Deadline, Every, Failure, Tick, Trigger};
use serde_json::{Value, json};
use tests::moto::Moto;

use super::MINUTE;

#[tokio::test]
async fn a_firing_says_when_it_was_planned() {
    let planned = "2026-03-01T02:30:00Z";
    let scheduler = json!({
        "version": "0",
        "id": "24618d29",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "time": planned,
        "detail": "{}"
    });
    for event in [scheduler, json!({ "scheduledTime": planned })] {
        assert_eq!(planned_at(&event).await, planned);
    }
    let now = planned_at(&json!({})).await;
    assert!(now.as_str() > "2026-", "{now}");
}

#[tokio::test]
async fn a_failure_a_panic_and_a_passed_deadline_are_errors_of_the_function() {
    let jobs = [
        Trigger::command(|_, _| async { Err(Failure::retry("later")) }),
        Trigger::command(|_, _| async { panic!("on purpose") }),
        Trigger::command(|_, _| async {
            tokio::time::sleep(MINUTE).await;
            Ok(())
        }),
    ];
    for (job, words) in jobs.into_iter().zip(["later", "on purpose", "the deadline passed"]) {
        let error = fire(job, &json!({})).await.unwrap_err();
        let text = app::trace::chain(&error);
        assert!(text.contains(words), "{text}");
    }
}

async fn planned_at(event: &Value) -> String {
    let seen = Arc::new(Mutex::new(String::new()));
    let remember = seen.clone();
    let job = Trigger::schedule(Every::Minutes(15), move |_, tick: Tick| {
        *remember.lock().unwrap() = tick.planned_at.to_string();
        async { Ok(()) }
    });
    assert_eq!(fire(job, event).await.unwrap(), Value::Null);
    seen.lock().unwrap().clone()
}

async fn fire(trigger: Trigger, event: &Value) -> Result<Value, aws::Refused> {
    let (Trigger::Schedule(_, job) | Trigger::Command(job)) = trigger else { unreachable!() };
    let moto = Moto::get();
    let app = moto.app(Arc::new(moto.queue_port()));
    let deadline = Deadline::within(Duration::from_millis(300));
    aws::schedule::answer("job", &app, &job, event, deadline).await
}
