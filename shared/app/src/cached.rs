use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use store::receipts;

use crate::Problem;
use crate::extract::header_text;

/// The answer, or that it is the one which the caller has. Its tag is of its text unless given.
///
/// # Errors
/// When the body is no JSON, which no body of ours gives cause for.
pub fn answer(
    headers: &HeaderMap,
    cache_control: &'static str,
    tag: Option<String>,
    body: &impl Serialize,
) -> Result<Response, Problem> {
    let json = serde_json::to_vec(body).map_err(Problem::internal)?;
    let tag = tag.unwrap_or_else(|| format!("W/\"{}\"", receipts::digest(&[&json]).simple()));
    let same = header_text(headers, header::IF_NONE_MATCH)
        .is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
    let cache = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, cache_control.to_owned()),
        (header::VARY, header::AUTHORIZATION.to_string()),
    ];
    if same {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    Ok((cache, [(header::CONTENT_TYPE, "application/json")], json).into_response())
}
