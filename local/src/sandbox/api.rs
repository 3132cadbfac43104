use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use axum::routing::any;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::Value;
use tokio::time::sleep;

use super::book::{Book, Entry};
use super::fault::FaultKind;
use super::form::Form;
use super::keys::{self, Answered};
use super::list::Part;
use super::object::{Event, Payment, Refund};
use super::refusal::Refusal;
use super::work::Work;
use super::{Sandbox, name, payments, refunds};

/// Longer than any client waits.
const HANGING: Duration = Duration::from_secs(60);
const LONGEST_KEY: usize = 255;

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Shop,
    /// Somebody who may know the client secret of one payment.
    Browser,
}

struct Request {
    method: Method,
    path: String,
    /// As it came, by which a repetition is told.
    parameters: Vec<u8>,
    key: Option<String>,
    caller: Caller,
}

/// A key whose request is not answered yet.
struct UnderWay<'a> {
    sandbox: &'a Sandbox,
    key: Option<String>,
}

struct Answer {
    status: u16,
    body: String,
    is_replayed: bool,
}

pub(super) fn router() -> Router<Sandbox> {
    Router::new().route("/v1/{*path}", any(receive))
}

async fn receive(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = match Request::read(&sandbox, method, &uri, &headers, body) {
        Ok(request) => request,
        Err(refused) => return Answer::no(&refused).write(None, None),
    };
    let Some(_under_way) = sandbox.begin(request.key.as_deref()) else {
        return Answer::no(&Refusal::under_way()).write(request.key.as_deref(), None);
    };
    let on = format!("{} {}", request.method, request.path);
    let fault = sandbox.locked().faults.next(&on);
    let key = request.key.clone();
    let mut retry_after_s = None;
    let answer = match fault {
        Some(FaultKind::ErrorBefore) => Answer::no(&Refusal::broken()),
        Some(FaultKind::RateLimit { retry_after_s: after }) => {
            retry_after_s = after;
            Answer::no(&Refusal::too_often())
        }
        Some(FaultKind::HangBefore) => {
            sleep(HANGING).await;
            Answer::no(&Refusal::broken())
        }
        Some(FaultKind::HangAfter) => {
            sandbox.answer(&request, false);
            sleep(HANGING).await;
            Answer::no(&Refusal::broken())
        }
        Some(FaultKind::ErrorAfter) => {
            sandbox.answer(&request, false);
            Answer::no(&Refusal::broken())
        }
        Some(FaultKind::ErrorKept) => sandbox.answer(&request, true),
        None => sandbox.answer(&request, false),
    };
    answer.write(key.as_deref(), retry_after_s)
}

impl Request {
    fn read(
        sandbox: &Sandbox,
        method: Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Self, Refusal> {
        let bearer = app::extract::header_text(headers, header::AUTHORIZATION)
            .and_then(|text| text.strip_prefix("Bearer "));
        let options = &sandbox.0.options;
        let caller = match bearer {
            Some("") | None => return Err(Refusal::unauthorized()),
            Some(key) if key == options.secret_key => Caller::Shop,
            Some(key) if key == options.publishable_key => Caller::Browser,
            _ => return Err(Refusal::unauthorized()),
        };
        let parameters = match method {
            Method::GET => uri.query().unwrap_or_default().as_bytes().to_vec(),
            _ => body.to_vec(),
        };
        let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
        if key.is_some_and(|key| key.len() > LONGEST_KEY) {
            return Err(Refusal::invalid("Idempotency-Key", "parameter_invalid"));
        }
        let key = key.filter(|_| method == Method::POST).map(str::to_owned);
        Ok(Self { method, path: uri.path().to_owned(), parameters, key, caller })
    }
}

impl Answer {
    fn yes(body: &Value) -> Self {
        Self { status: 200, body: body.to_string(), is_replayed: false }
    }

    fn no(refused: &Refusal) -> Self {
        let body = refused.to_json().to_string();
        Self { status: refused.status, body, is_replayed: false }
    }

    fn write(self, key: Option<&str>, retry_after_s: Option<u64>) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or_default();
        let mut response = Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/json")
            .header("request-id", name("req_"))
            .header("stripe-version", providers::stripe::VERSION);
        if let Some(key) = key {
            response = response.header("idempotency-key", key);
        }
        if self.is_replayed {
            response = response.header("idempotent-replayed", "true");
        }
        if let Some(after) = retry_after_s {
            response = response.header(header::RETRY_AFTER, after);
        }
        response.body(Body::from(self.body)).unwrap_or_default()
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.sandbox.locked().under_way.remove(key);
        }
    }
}

impl Sandbox {
    /// None when a request under the same key is not answered yet.
    fn begin(&self, key: Option<&str>) -> Option<UnderWay<'_>> {
        let is_first = key.is_none_or(|key| self.locked().under_way.insert(key.to_owned()));
        is_first.then(|| UnderWay { sandbox: self, key: key.map(str::to_owned) })
    }

    /// Does what is asked, once for each key.
    fn answer(&self, request: &Request, is_broken: bool) -> Answer {
        let now = self.now();
        let mut state = self.locked();
        let fingerprint =
            format!("{} {}", request.path, String::from_utf8_lossy(&request.parameters));
        if let Some(key) = &request.key {
            match keys::recall(&state.book, key, &fingerprint, now) {
                Err(refused) => return Answer::no(&refused),
                Ok(Some(Answered { status, body, .. })) => {
                    return Answer { status: *status, body: body.clone(), is_replayed: true };
                }
                Ok(None) => {}
            }
        }
        let mut work = Work::new(&state.book, now, &self.0.options.public_url);
        work.key = request.key.as_deref();
        let done = work.answer(request);
        let mut entries = work.entries;
        let (answer, was_tried) = match &done {
            Ok(body) => (Answer::yes(body), true),
            Err(refused) => (Answer::no(refused), refused.was_tried),
        };
        let answer = if is_broken { Answer::no(&Refusal::broken()) } else { answer };
        if let Some(key) = request.key.clone().filter(|_| was_tried) {
            let (status, body) = (answer.status, answer.body.clone());
            let answered = Answered { key, request: fingerprint, at: now, status, body };
            entries.push(Entry::Answered(answered));
        }
        match state.keep(entries) {
            Ok(()) => self.0.news.notify_one(),
            Err(error) => {
                tracing::error!(error = app::trace::chain(&error), "the sandbox cannot write");
                return Answer::no(&Refusal::broken());
            }
        }
        answer
    }
}

impl Work<'_> {
    fn answer(&mut self, request: &Request) -> Result<Value, Refusal> {
        let mut form = Form::read(&request.parameters);
        let path: Vec<&str> = request.path.trim_start_matches("/v1/").split('/').collect();
        if request.caller == Caller::Browser {
            self.admit(&request.method, &path, &mut form)?;
        }
        match (request.method.as_str(), &path[..]) {
            ("POST", ["payment_intents"]) => payments::create(self, &mut form),
            ("POST", ["payment_intents", id]) => {
                let payment = self.payment(id)?;
                payments::update(self, payment, &mut form)
            }
            ("POST", ["payment_intents", id, step]) => {
                let payment = self.payment(id)?;
                match *step {
                    "confirm" => payments::confirm(self, payment, &mut form),
                    "capture" => payments::capture(self, payment, &mut form),
                    "cancel" => payments::cancel(self, payment, &mut form),
                    _ => Err(Refusal::no_such_path(&request.path)),
                }
            }
            ("POST", ["payment_methods"]) => payments::create_method(self, &mut form),
            ("POST", ["refunds"]) => refunds::create(self, &mut form),
            ("GET", ["payment_intents", id]) => Ok(self.shown(&self.payment(id)?)),
            ("GET", ["refunds", id]) => {
                let refund = self.book.refunds.get(id).map(Refund::to_json);
                refund.ok_or_else(|| Refusal::missing("refund", id))
            }
            ("GET", ["events", id]) => {
                let event = self.book.events.get(id).map(event);
                event.ok_or_else(|| Refusal::missing("event", id))
            }
            ("GET", ["payment_intents"]) => list_payments(self, &mut form),
            ("GET", ["refunds"]) => list_refunds(self.book, &mut form),
            ("GET", ["events"]) => list_events(self.book, &mut form),
            _ => Err(Refusal::no_such_path(&request.path)),
        }
    }

    /// A browser may name a card; and look at a payment and confirm it when it knows its secret.
    fn admit(&self, method: &Method, path: &[&str], form: &mut Form) -> Result<(), Refusal> {
        let id = match (method.as_str(), path) {
            ("POST", ["payment_methods"]) => return Ok(()),
            ("GET", ["payment_intents", id]) | ("POST", ["payment_intents", id, "confirm"]) => id,
            _ => return Err(Refusal::unauthorized()),
        };
        let secret = form.required("client_secret")?;
        let is_known = self.book.payments.get(id).is_some_and(|it| it.client_secret == secret);
        if is_known { Ok(()) } else { Err(Refusal::unauthorized()) }
    }
}

fn list_payments(work: &Work<'_>, form: &mut Form) -> Result<Value, Refusal> {
    let part = Part::read(form)?;
    form.end()?;
    let all = work.book.payments.items();
    part.of(all, |it: &Payment| (it.id.as_str(), it.created), |it| work.shown(it))
}

fn list_refunds(book: &Book, form: &mut Form) -> Result<Value, Refusal> {
    let part = Part::read(form)?;
    let payment = form.text("payment_intent");
    form.end()?;
    let of = |it: &&Refund| payment.as_ref().is_none_or(|payment| it.payment == *payment);
    let all: Vec<&Refund> = book.refunds.items().iter().filter(of).collect();
    part.of(&all, |it| (it.id.as_str(), it.created), |it| it.to_json())
}

fn list_events(book: &Book, form: &mut Form) -> Result<Value, Refusal> {
    let part = Part::read(form)?;
    let kind = form.text("type");
    let delivered = form.choice("delivery_success", &["true", "false"])?;
    form.end()?;
    let fits = |it: &&Event| {
        kind.as_ref().is_none_or(|kind| it.kind == *kind)
            && delivered.is_none_or(|wanted| (wanted == "true") == book.is_delivered(it))
    };
    let all: Vec<&Event> = book.events.items().iter().filter(fits).collect();
    part.of(&all, |it| (it.id.as_str(), it.created), |it| event(it))
}

fn event(event: &Event) -> Value {
    serde_json::from_str(&event.body).unwrap_or_default()
}
