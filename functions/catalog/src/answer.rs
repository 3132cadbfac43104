use app::{Problem, cached};
use axum::response::Response;
use domain::catalog::Product;
use http::HeaderMap;
use jiff::Timestamp;
use serde::Serialize;

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
    cached::answer(headers, reader.cache_control(), tag, body)
}
