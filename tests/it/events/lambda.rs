use std::sync::Arc;

use app::{Function, Trigger};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tests::World;
use tests::lambda::{ForeignQueue, deliver, router, tick, with_queue};

use super::normal::{body, headers};

/// Hands the event to the function as the Lambda host does.
pub(super) async fn answer(world: &World, function: Function, event: &Value) -> Value {
    let Function { name, trigger, uses } = function;
    let app = world.host().apps().of(uses.postgres).clone();
    match trigger {
        Trigger::Http(_) => {
            let deadline = app::Deadline::within(std::time::Duration::from_secs(60));
            let answer = aws::http::answer(&router(&app, name), event.clone(), deadline).await;
            response(&answer.expect("an event of an HTTP API"))
        }
        Trigger::Queue(..) => {
            let foreign = Arc::new(ForeignQueue::around(app.queue.clone()));
            let app = with_queue(&app, foreign.clone());
            let answer = deliver(&app, name, event.clone()).await.expect("a batch");
            let failures = answer["batchItemFailures"].as_array().expect("a list");
            let fails: Value = failures.iter().map(|each| each["itemIdentifier"].clone()).collect();
            json!({ "fails": fails, "dead": foreign.buried() })
        }
        Trigger::Schedule(..) | Trigger::Command(_) => match tick(&app, name, event).await {
            Ok(_null) => json!("done"),
            Err(error) => json!(error.to_string()),
        },
    }
}

fn response(answer: &Value) -> Value {
    let text = answer["body"].as_str().unwrap_or_default();
    let bytes = if answer["isBase64Encoded"] == true {
        STANDARD.decode(text).expect("base64")
    } else {
        text.as_bytes().to_vec()
    };
    let single = answer["headers"].as_object().into_iter().flatten();
    let single = single.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into())));
    let cookies = answer["cookies"].as_array().into_iter().flatten();
    let cookies =
        cookies.filter_map(|value| Some(("set-cookie".to_owned(), value.as_str()?.into())));
    json!({
        "status": answer["statusCode"],
        "headers": headers(single.chain(cookies)),
        "body": body(&bytes),
    })
}
