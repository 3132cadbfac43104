use app::Deadline;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::{Extension, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::{MINUTE, TRACE};

#[tokio::test]
async fn method_path_query_headers_and_text_arrive() {
    let mut event = request("POST", "/v1/echo/a%20b");
    event["rawQueryString"] = "tag=a&tag=b%26c".into();
    event["headers"]["content-type"] = "application/json".into();
    event["headers"]["accept"] = "text/csv,application/json".into();
    event["body"] = "{\"text\":\"ä\"}".into();
    let echo = echoed(event).await;
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["path"], "/v1/echo/a%20b");
    assert_eq!(echo["query"], "tag=a&tag=b%26c");
    assert_eq!(echo["headers"]["accept"], "text/csv,application/json");
    assert_eq!(echo["body"], STANDARD.encode("{\"text\":\"ä\"}"));
}

#[tokio::test]
async fn bytes_arrive_and_leave_as_base64() {
    let bytes = [0x1f, 0x8b, 0, 255];
    let mut event = request("POST", "/v1/bytes");
    event["isBase64Encoded"] = true.into();
    event["body"] = STANDARD.encode(bytes).into();
    let answer = answer(event).await;
    assert_eq!(answer["isBase64Encoded"], true);
    assert_eq!(answer["body"], STANDARD.encode(bytes));
}

#[tokio::test]
async fn cookies_arrive_in_one_header_and_leave_in_a_list() {
    let mut event = request("GET", "/v1/cookies");
    event["cookies"] = json!(["a=1", "b=2"]);
    let answer = answer(event).await;
    assert_eq!(answer["cookies"], json!(["c=3; Secure", "d=4"]));
    assert_eq!(answer["body"], "a=1; b=2");
}

#[tokio::test]
async fn no_value_of_a_repeated_header_is_lost_on_the_way_out() {
    let answer = answer(request("GET", "/v1/repeated")).await;
    assert_eq!(answer["statusCode"], 202);
    assert_eq!(answer["headers"]["link"], "<a>, <b>");
    assert_eq!(answer["headers"]["x-other"], "once");
    assert_eq!(answer["cookies"], json!(["c=3"]));
}

#[tokio::test]
async fn a_function_url_is_served_like_an_api() {
    let mut event = request("GET", "/v1/echo");
    event["requestContext"]["domainName"] = "abc.lambda-url.eu-central-1.on.aws".into();
    event["headers"] = json!({"host": "abc.lambda-url.eu-central-1.on.aws"});
    event["routeKey"] = "$default".into();
    assert_eq!(echoed(event).await["path"], "/v1/echo");
}

#[tokio::test]
async fn the_request_id_is_the_clients_or_else_the_events() {
    assert_eq!(echoed(request("GET", "/v1/echo")).await["headers"]["x-request-id"], "JKJaXmPL");
    let mut event = request("GET", "/v1/echo");
    event["headers"]["x-request-id"] = "mine".into();
    assert_eq!(echoed(event).await["headers"]["x-request-id"], "mine");
}

#[tokio::test]
async fn the_trace_is_the_clients_or_else_that_of_x_ray() {
    let traced = async |name: &str, value: &str| {
        let mut event = request("GET", "/v1/echo");
        event["headers"]["x-amzn-trace-id"] = "Root=1-5759e988-bd862e3fe1be46a994272793".into();
        event["headers"][name] = value.into();
        echoed(event).await["headers"]["traceparent"].clone()
    };
    assert_eq!(traced("traceparent", TRACE).await, TRACE);
    assert_eq!(
        traced("accept", "*/*").await,
        "00-5759e988bd862e3fe1be46a994272793-e1be46a994272793-01"
    );
    let xray = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
    assert_eq!(
        traced("x-amzn-trace-id", xray).await,
        "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00"
    );
}

#[tokio::test]
async fn the_deadline_is_handed_on() {
    let left = echoed(request("GET", "/v1/echo")).await["remaining_ms"].as_u64().unwrap();
    assert!((59_000..=60_000).contains(&left), "{left}");
}

#[tokio::test]
async fn an_event_of_another_kind_is_refused() {
    let event = json!({ "Records": [] });
    let answer = aws::http::answer(&router(), event, Deadline::within(MINUTE)).await;
    assert!(matches!(answer, Err(aws::Refused::Event(_))), "{answer:?}");
}

async fn answer(event: Value) -> Value {
    aws::http::answer(&router(), event, Deadline::within(MINUTE)).await.unwrap()
}

async fn echoed(event: Value) -> Value {
    let answer = answer(event).await;
    assert_eq!((&answer["statusCode"], &answer["isBase64Encoded"]), (&200.into(), &false.into()));
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

fn request(method: &str, path: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": format!("{method} {path}"),
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "api.example.com", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.example.com",
            "requestId": "JKJaXmPL",
            "stage": "$default",
            "timeEpoch": 1_770_000_000_000_u64,
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "test"
            }
        },
        "isBase64Encoded": false
    })
}

fn router() -> Router {
    Router::new().fallback(
        |Extension(deadline): Extension<Deadline>, request: Request| async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let text = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
            match parts.uri.path() {
                "/v1/bytes" => body.into_response(),
                "/v1/cookies" => {
                    let set = AppendHeaders([("set-cookie", "c=3; Secure"), ("set-cookie", "d=4")]);
                    (set, text("cookie")).into_response()
                }
                "/v1/repeated" => repeated(),
                path => {
                    let names = parts.headers.keys().map(|name| name.as_str());
                    let headers: Value = names.map(|name| (name.to_owned(), text(name))).collect();
                    Json(json!({
                        "method": parts.method.as_str(),
                        "path": path,
                        "query": parts.uri.query(),
                        "headers": headers,
                        "body": STANDARD.encode(&body),
                        "remaining_ms": u64::try_from(deadline.remaining().as_millis()).unwrap(),
                    }))
                    .into_response()
                }
            }
        },
    )
}

fn repeated() -> Response {
    let headers = [("link", "<a>"), ("set-cookie", "c=3"), ("x-other", "once"), ("link", "<b>")];
    (StatusCode::ACCEPTED, AppendHeaders(headers)).into_response()
}
