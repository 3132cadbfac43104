use std::sync::Arc;
use std::time::Duration;

use app::{Deadline, Function, Trigger, serve};
use aws::sqs::Worker;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tests::World;
use tests::foreign_queue::{ForeignQueue, app_with_queue};

use super::normal::{body, headers};

const PATIENCE: Duration = Duration::from_secs(60);

/// Hands the event to the function as the Lambda host does.
pub(super) async fn answer(world: &World, function: Function, event: &Value) -> Value {
    let app = world.host().apps().of(function.uses.postgres).clone();
    let deadline = Deadline::within(PATIENCE);
    match function.trigger {
        Trigger::Http(routes) => {
            let router = serve::router(function.name, routes, app);
            let answer = aws::http::answer(&router, event.clone(), deadline).await;
            response(&answer.expect("an event of an HTTP API"))
        }
        Trigger::Queue(queue, consumer) => {
            let foreign = Arc::new(ForeignQueue::around(app.queue.clone()));
            let app = app_with_queue(&app, foreign.clone());
            let worker = Worker { name: function.name, queue, consumer: &consumer };
            let answer = aws::sqs::answer(&worker, &app, event.clone(), deadline).await;
            json!({ "fails": answer.expect("a batch")["batchItemFailures"]
                        .as_array().expect("a list").iter()
                        .map(|failure| failure["itemIdentifier"].clone())
                        .collect::<Value>(),
                    "dead": foreign.buried() })
        }
        Trigger::Schedule(_, job) | Trigger::Command(job) => {
            match aws::schedule::answer(function.name, &app, &job, event, deadline).await {
                Ok(_null) => json!("done"),
                Err(error) => json!(error.to_string()),
            }
        }
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
    let cookies = cookies.filter_map(|value| Some(("set-cookie".to_owned(), value.as_str()?.into())));
    json!({
        "status": answer["statusCode"],
        "headers": headers(single.chain(cookies)),
        "body": body(&bytes),
    })
}
