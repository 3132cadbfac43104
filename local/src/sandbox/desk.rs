use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::form::Form;
use super::{Action, DisputeStep, Fault, NotDone, Sandbox, Settings, page};

/// A bank takes money back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDispute {
    payment_intent: String,
    amount: Option<i64>,
    #[serde(default = "fraudulent")]
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    step: DisputeStep,
}

#[derive(Deserialize)]
struct Asked {
    payment_intent: String,
}

type Done = Result<Json<Value>, NotDone>;

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/sandbox", get(show))
        .route("/sandbox/settings", get(settings).post(set))
        .route("/sandbox/faults", post(fail))
        .route("/sandbox/disputes", post(dispute))
        .route("/sandbox/disputes/{id}", post(step))
        .route("/sandbox/authenticate", get(ask).post(authenticate))
}

impl axum::response::IntoResponse for NotDone {
    fn into_response(self) -> Response {
        let error: Value = serde_json::from_str(&self.0).unwrap_or_else(|_| json!(self.0));
        (StatusCode::CONFLICT, Json(error)).into_response()
    }
}

async fn show(State(sandbox): State<Sandbox>) -> Html<String> {
    Html(page::overview(&sandbox.locked().book))
}

async fn settings(State(sandbox): State<Sandbox>) -> Json<Settings> {
    Json(sandbox.settings())
}

/// What is left out is as usual.
async fn set(State(sandbox): State<Sandbox>, Json(settings): Json<Settings>) -> Done {
    sandbox.set(settings).map_err(|error| NotDone(error.to_string()))?;
    Ok(Json(json!(settings)))
}

async fn fail(State(sandbox): State<Sandbox>, Json(fault): Json<Fault>) -> StatusCode {
    sandbox.fail(fault);
    StatusCode::NO_CONTENT
}

async fn dispute(State(sandbox): State<Sandbox>, Json(new): Json<NewDispute>) -> Done {
    sandbox.dispute(&new.payment_intent, new.amount, &new.reason).map(Json)
}

async fn step(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    Json(Step { step }): Json<Step>,
) -> Done {
    sandbox.settle_dispute(&id, step).map(Json)
}

/// What the bank shows the customer.
async fn ask(
    State(sandbox): State<Sandbox>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, StatusCode> {
    let state = sandbox.locked();
    let payment = state.book.payments.get(&asked.payment_intent).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Html(page::question(payment)))
}

/// From the page of the bank, which then leads back to the shop; or from a test.
async fn authenticate(State(sandbox): State<Sandbox>, body: Bytes) -> Result<Response, NotDone> {
    let mut form = Form::read(&body);
    let wrong = |_refused| NotDone("payment_intent, and outcome=succeeds or fails".to_owned());
    let payment = form.required("payment_intent").map_err(wrong)?;
    let outcome = form.choice("outcome", &["succeeds", "fails"]).map_err(wrong)?;
    let action = if outcome == Some("fails") { Action::Fails } else { Action::Succeeds };
    let done = sandbox.authenticate(&payment, action)?;
    let state = sandbox.locked();
    let return_url = state.book.payments.get(&payment).and_then(|it| it.return_url.as_deref());
    Ok(match return_url.filter(|_| form.text("from").is_some()) {
        Some(url) => {
            let mark = if url.contains('?') { '&' } else { '?' };
            Redirect::to(&format!("{url}{mark}payment_intent={payment}")).into_response()
        }
        None if form.text("from").is_some() => Redirect::to("/sandbox").into_response(),
        None => Json(done).into_response(),
    })
}

fn fraudulent() -> String {
    "fraudulent".to_owned()
}
