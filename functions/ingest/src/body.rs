use std::io::Read;

use app::extract::header_text;
use app::{Problem, ProblemCode};
use bytes::Bytes;
use domain::metric::limit;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};

/// The body as it was before compression, unless it is larger than a batch may be.
pub(crate) fn inflate(headers: &HeaderMap, body: Bytes) -> Result<Bytes, Problem> {
    if body.len() > limit::WIRE_BYTES {
        return Err(too_large(limit::WIRE_BYTES, "on the wire"));
    }
    match header_text(headers, header::CONTENT_ENCODING) {
        None | Some("identity" | "") => Ok(body),
        Some("gzip") => {
            let mut inflated = Vec::with_capacity(body.len() * 4);
            let allowed = u64::try_from(limit::INFLATED_BYTES).unwrap_or(u64::MAX);
            MultiGzDecoder::new(body.as_ref())
                .take(allowed + 1)
                .read_to_end(&mut inflated)
                .map_err(|error| {
                    Problem::new(ProblemCode::Malformed, "the body is not gzip").caused_by(error)
                })?;
            if inflated.len() > limit::INFLATED_BYTES {
                return Err(too_large(limit::INFLATED_BYTES, "after decompression"));
            }
            Ok(inflated.into())
        }
        Some(other) => Err(Problem::new(
            ProblemCode::UnsupportedMedia,
            format!("the encoding `{other}` is not served; send gzip, or plain"),
        )),
    }
}

fn too_large(bytes: usize, when: &str) -> Problem {
    Problem::new(
        ProblemCode::TooLarge,
        format!("the body has more than {bytes} bytes {when}; split it, or use an import"),
    )
}
