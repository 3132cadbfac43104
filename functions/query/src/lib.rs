//! Answers questions about recorded figures.
//!
//! - Trigger: HTTP `POST /v1/query`.
//! - Reads: API keys (key-value records), metrics, series, rollups and points.
//! - Writes: nothing.
//! - Emits: nothing.
//! - On failure: nothing has happened; the same call may be repeated. All queries of a call are
//!   answered from one snapshot, or none is.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::caller::Caller;
use app::extract::{Body, header_text};
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::calendar::Grain;
use domain::question::{self, Frame, Reading, Windows, limit};
use domain::tenant::Tenant;
use store::metrics::Metric;
use store::queries::{self, Question};
use store::receipts;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::wire::ask::{Asked, QuestionsIn};
use crate::wire::reply::{Known, ReplyOut};

mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "query",
        trigger: Trigger::Http(OpenApiRouter::new().routes(routes!(post_query))),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

/// A client may keep an answer until the next bucket begins, but no longer than this.
const MAX_AGE_S: i64 = 60;

/// Ask for figures
///
/// Up to 20 named queries, answered from one snapshot. Ranges are half-open; the reply says which
/// instants it resolved them to. Every bucket of the range is in the reply, and says whether it is
/// complete. With `Accept: text/csv` the answer comes as a table.
#[utoipa::path(
    post, path = "/v1/query", tag = "figures",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of an answer")),
    request_body = QuestionsIn,
    responses(
        (status = 200, description = "The figures", content(
            (ReplyOut<'_> = "application/json"),
            (String = "text/csv"),
        )),
        (status = 304, description = "The figures are those of the ETag"),
        (status = 422, description = "A field is not valid, or the question is too wide"),
    )
)]
async fn post_query(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Body(questions): Body<QuestionsIn>,
) -> Result<Response, Problem> {
    let tenant = &caller.tenant;
    let now = app.clock.now();
    let asked = questions.check(tenant, now)?;
    let (asked, questions) = resolve(&app, tenant, asked).await?;
    let answers = queries::ask(&app.db, tenant, &questions).await?;
    let known: Vec<Known<'_>> = asked
        .iter()
        .zip(&questions)
        .zip(&answers)
        .map(|((asked, question), answered)| Known { tenant, asked, question, answered })
        .collect();
    let csv = header_text(&headers, header::ACCEPT).is_some_and(|kind| kind.contains("text/csv"));
    let mut digest = vec![u8::from(csv)];
    for known in &known {
        known.digest(&mut digest);
    }
    // Weak: what the clock alone changes, such as `as_of`, is not compared.
    let etag = format!("W/\"{}\"", receipts::digest(&[&digest]).simple());
    let same = header_text(&headers, header::IF_NONE_MATCH)
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag));
    let mut response = if same {
        StatusCode::NOT_MODIFIED.into_response()
    } else if csv {
        let table = wire::csv::table(now, &known).map_err(Problem::internal)?;
        ([(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")], table).into_response()
    } else {
        // Not by `Json`, whose buffer is filled by a call for every quote and comma.
        let json = serde_json::to_vec(&ReplyOut::of(now, &known)).map_err(Problem::internal)?;
        ([(header::CONTENT_TYPE, "application/json")], json).into_response()
    };
    let max_age = asked.iter().map(|asked| max_age_s(&asked.frame)).min().unwrap_or(0);
    let response_headers = response.headers_mut();
    for (name, value) in [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, format!("private, max-age={max_age}")),
        (header::VARY, "accept, authorization".to_owned()),
    ] {
        response_headers.insert(name, HeaderValue::from_str(&value).map_err(Problem::internal)?);
    }
    Ok(response)
}

/// Finds the metrics, and what their declarations make of the questions.
async fn resolve(
    app: &App,
    tenant: &Tenant,
    mut asked: Vec<Asked>,
) -> Result<(Vec<Asked>, Vec<Question>), Problem> {
    let names: BTreeSet<&str> = asked.iter().flat_map(Asked::metrics).collect();
    let metrics = queries::metrics(&app.db, tenant.number, &names).await?;
    // What nobody has declared may be a ratio that every shop has.
    for one in asked.iter_mut().filter(|one| !metrics.contains_key(one.of.as_str())) {
        one.divide();
    }
    let find = |asked: &Asked, name: &str, field: &str| {
        metrics.get(name).cloned().ok_or_else(|| {
            Problem::invalid(
                asked.field(field),
                format!("there is no metric `{name}`; GET /v1/metrics lists those there are"),
            )
        })
    };
    let mut figures = limit::FIGURES;
    let mut questions = Vec::with_capacity(asked.len());
    for one in &asked {
        let of = find(one, &one.of, if one.by.is_some() { "ratio.of" } else { "metric" })?;
        let by = one.by.as_ref().map(|by| find(one, by, "ratio.by")).transpose()?;
        questions.push(question(one, (of, by), &mut figures)?);
    }
    Ok((asked, questions))
}

fn question(
    asked: &Asked,
    (of, by): (Arc<Metric>, Option<Arc<Metric>>),
    figures: &mut usize,
) -> Result<Question, Problem> {
    let (reading, gap) = if by.is_some() {
        (Reading::Ratio, domain::metric::GapRule::Null)
    } else {
        let aggregation = question::aggregation(&of.declaration, asked.aggregation)
            .map_err(|error| Problem::invalid(asked.field("aggregation"), error.to_string()))?;
        let gap = question::gap(of.declaration.gap, aggregation, asked.gap)
            .map_err(|error| Problem::invalid(asked.field("gap"), error.to_string()))?;
        (Reading::Aggregate(aggregation), gap)
    };
    // The greatest groups by name, the others and those without the tag.
    let lines = asked.group_by.as_ref().map_or(1, |group_by| group_by.top as usize + 2);
    let windows: Windows = asked
        .frame
        .windows(*figures / lines)
        .map_err(|error| too_wide(asked, lines).caused_by(error))?;
    *figures -= windows.main.slots.len().saturating_mul(lines);
    let (filter, group_by) = (asked.filter.clone(), asked.group_by.clone());
    Ok(Question { of, by, reading, gap, filter, group_by, windows })
}

fn too_wide(asked: &Asked, lines: usize) -> Problem {
    let Frame { calendar, range, grain, .. } = &asked.frame;
    let fits = |wider: &Grain| calendar.buckets(*range, *wider, limit::FIGURES / lines).is_ok();
    let wider = Grain::ALL
        .into_iter()
        .skip_while(|wider| Some(*wider) != *grain)
        .skip(1)
        .find(fits)
        .map(|grain| format!("the grain `{grain}`, "))
        .unwrap_or_default();
    Problem::new(
        ProblemCode::TooWide,
        format!(
            "the reply would hold more than {} figures, buckets times groups of all queries; \
             choose {wider}a shorter range or fewer groups",
            limit::FIGURES
        ),
    )
    .at(asked.field("grain"))
}

/// For how many seconds no bucket ends.
fn max_age_s(frame: &Frame) -> i64 {
    let edge = frame.grain.map(|grain| frame.calendar.bucket_of(frame.now, grain).end);
    let left_s = edge.map_or(MAX_AGE_S, |edge| edge.duration_since(frame.now).as_secs());
    left_s.clamp(0, MAX_AGE_S)
}
