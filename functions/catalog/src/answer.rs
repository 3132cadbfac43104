use app::Problem;
use app::extract::header_text;
use axum::response::{IntoResponse, Response};
use domain::catalog::Product;
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use serde::Serialize;
use store::receipts;

/// Who reads products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Whoever shops: what is published, at the prices of the moment. A browser may keep it for a
    /// minute.
    Visitor,
    /// Whoever keeps the shop: all of it.
    Keeper,
}

impl Reader {
    /// The product as this reader sees it. What is planned is nobody else's business.
    pub(crate) fn sees(self, mut product: Product, at: Timestamp) -> Product {
        if self == Self::Visitor {
            for variant in &mut product.variants {
                variant.prices = variant.prices_at(at);
            }
        }
        product
    }

    fn cache_control(self) -> &'static str {
        match self {
            Self::Visitor => "public, max-age=60",
            Self::Keeper => "no-cache",
        }
    }
}

/// The answer, or that it is the one which the caller has. Its tag is of its text unless given.
pub(crate) fn answer(
    headers: &HeaderMap,
    reader: Reader,
    tag: Option<String>,
    body: &impl Serialize,
) -> Result<Response, Problem> {
    let json = serde_json::to_vec(body).map_err(Problem::internal)?;
    let tag = tag.unwrap_or_else(|| format!("W/\"{}\"", receipts::digest(&[&json]).simple()));
    let same = header_text(headers, header::IF_NONE_MATCH)
        .is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
    let cache = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, reader.cache_control().to_owned()),
        (header::VARY, header::AUTHORIZATION.to_string()),
    ];
    if same {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    Ok((cache, [(header::CONTENT_TYPE, "application/json")], json).into_response())
}
