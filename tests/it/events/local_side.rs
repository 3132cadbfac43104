use app::port::Outgoing;
use app::{Function, Trigger};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::message::QueueName;
use http::Request;
use jiff::Timestamp;
use local::host::RunError;
use serde_json::{Value, json};
use tests::World;

use super::normal::{body, headers};

/// Does with the event what `local` does when the same thing happens to it.
pub(super) async fn answer(world: &World, function: Function, event: &Value) -> Value {
    match function.trigger {
        Trigger::Http(_) => response(world, event).await,
        Trigger::Queue(queue, _) => delivered(world, (function, queue), event).await,
        Trigger::Schedule(..) => {
            let time = event.get("time").or(event.get("scheduledTime"));
            let planned: Option<Timestamp> =
                time.and_then(Value::as_str).and_then(|text| text.parse().ok());
            ran(world.host().tick(function.name, planned.unwrap_or(local::sample::NOW)).await)
        }
        Trigger::Command(_) => ran(world.host().command(function.name).await),
    }
}

fn ran(outcome: Result<(), RunError>) -> Value {
    match outcome {
        Ok(()) => json!("done"),
        Err(RunError::Failure(_)) => json!("the job failed"),
        Err(error) => json!(error.to_string()),
    }
}

async fn response(world: &World, event: &Value) -> Value {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (path, query) = (text("/rawPath"), text("/rawQueryString"));
    let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let mut request = Request::builder().method(text("/requestContext/http/method")).uri(uri);
    for (name, value) in event["headers"].as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().expect("headers are texts"));
    }
    let cookies = event["cookies"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    if !cookies.is_empty() {
        request = request.header("cookie", cookies);
    }
    let sent = if event["isBase64Encoded"] == true {
        STANDARD.decode(text("/body")).expect("base64")
    } else {
        text("/body").as_bytes().to_vec()
    };
    let answer = world.send(request.body(Body::from(sent)).expect("a request")).await;
    let pairs = answer.headers.iter().map(|(name, value)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    json!({
        "status": answer.status,
        "headers": headers(pairs),
        "body": body(&answer.body),
    })
}

/// Puts the messages into the queue, delivers once, and looks what is left of them.
async fn delivered(
    world: &World,
    (function, queue): (Function, QueueName),
    event: &Value,
) -> Value {
    let records = event["Records"].as_array().expect("a batch has records");
    let mut messages: Vec<(String, String)> = Vec::new();
    let mut outgoing = Vec::new();
    for record in records {
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        let id = text("/messageId").expect("a message has an id").to_owned();
        let body = text("/body").unwrap_or_default().to_owned();
        outgoing.push(Outgoing {
            body: body.clone(),
            group: text("/attributes/MessageGroupId").map(str::to_owned),
            dedupe: Some(id.clone()),
            ..Outgoing::default()
        });
        messages.push((body, id));
    }
    let apps = world.host().apps();
    apps.of(None).queue.send(queue, &outgoing).await.expect("Postgres is there");
    // What it sends on is for others.
    world.host_of(vec![function]).deliver_queues().await.expect("Postgres is there");
    let left = |rows: Vec<tokio_postgres::Row>| -> Value {
        let bodies = rows.into_iter().map(|row| row.get::<_, String>(0));
        let ids = bodies.filter_map(|body| {
            let position = messages.iter().position(|(sent, _)| *sent == body)?;
            Some(messages[position].1.clone())
        });
        ids.collect()
    };
    let of = |table: &str| {
        format!("select body from {table} where queue = '{}' order by id", queue.as_str())
    };
    json!({
        "fails": left(world.sql(&of("job")).await),
        "dead": left(world.sql(&of("job_dead")).await),
    })
}
