use std::error::Error;
use std::fmt;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use store::Unavailable;

use crate::port::PortError;

/// Why a request was not served. The public part says what to do; the cause is logged, once.
#[derive(Debug)]
pub struct Problem {
    code: ProblemCode,
    detail: String,
    field: Option<String>,
    retry_after_s: Option<u64>,
    headers: HeaderMap,
    source: Option<Box<dyn Error + Send + Sync>>,
}

macro_rules! problem_codes {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $name:literal, $status:ident, $title:literal;
    )+) => {
        /// The codes of all problems. Stable: a code is never reused for something else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// In snake case, as in replies.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            /// One line for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

problem_codes! {
    /// The body cannot be read at all.
    Malformed = "malformed", BAD_REQUEST, "The request cannot be read";
    /// No credential, or one that is unknown, expired or mistyped.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "The credential is missing or not valid";
    /// The password is right, and a code of the second factor is missing.
    FactorRequired = "second_factor_required", UNAUTHORIZED, "A second factor is asked for";
    /// The credential lacks a scope.
    Forbidden = "forbidden", FORBIDDEN, "The credential does not allow this";
    /// The key is for pages of other origins.
    OriginNotAllowed = "origin_not_allowed", FORBIDDEN, "The key is not for pages of this origin";
    /// Nothing of that name is there.
    NotFound = "not_found", NOT_FOUND, "There is no such thing";
    /// The path is there, the method is not.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The method is not allowed here";
    /// Another call changed or holds the same thing.
    Conflict = "conflict", CONFLICT, "The thing is in another state";
    /// There is not enough in stock.
    OutOfStock = "out_of_stock", CONFLICT, "There is not enough in stock";
    /// The body exceeds a limit.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The body's type or encoding is not served.
    UnsupportedMedia = "unsupported_media", UNSUPPORTED_MEDIA_TYPE, "The type is not supported";
    /// A field has a value that cannot be accepted.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "A field is not valid";
    /// The same idempotency key came with another body.
    IdempotencyMismatch = "idempotency_mismatch", UNPROCESSABLE_ENTITY,
        "The idempotency key was used for another body";
    /// The question would touch more than a reply may hold.
    TooWide = "too_wide", UNPROCESSABLE_ENTITY, "The question is too wide";
    /// More points than the key may send in a minute.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "The rate limit is reached";
    /// A fault of ours.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong on our side";
    /// Something we depend on is away; the same call may succeed soon.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available at the moment";
    /// The call took longer than it may.
    Deadline = "deadline", GATEWAY_TIMEOUT, "The call took too long";
}

#[derive(Serialize)]
struct Wire<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl Problem {
    /// A problem with a sentence for the client: the fault and the remedy.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            retry_after_s: None,
            headers: HeaderMap::new(),
            source: None,
        }
    }

    /// A field's value cannot be accepted.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(ProblemCode::Invalid, detail) }
    }

    /// Names the field at fault.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// A call is another one than that which had its key first.
    pub fn other_body() -> Self {
        let told = "this Idempotency-Key came with another body before; use a new key";
        Self::new(ProblemCode::IdempotencyMismatch, told)
    }

    /// Nothing of that name is there.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(ProblemCode::NotFound, format!("there is no {what}"))
    }

    /// Something we depend on is away.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ProblemCode::Unavailable, "a part of the service is away; try again soon")
            .retry_after(2)
            .caused_by(source)
    }

    /// A fault of ours.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ProblemCode::Internal, "the fault was recorded; try again, or ask us")
            .caused_by(source)
    }

    /// Keeps the private cause, which is logged and never sent.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Tells the client when to come back.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Adds headers to the answer.
    #[must_use]
    pub fn with_headers(mut self, add: impl FnOnce(&mut HeaderMap)) -> Self {
        add(&mut self.headers);
        self
    }

    /// Which problem it is.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        self.code
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict(_) | store::Error::Refused(_) => {
                Self::new(ProblemCode::Conflict, "another call changed it first; read and retry")
                    .caused_by(error)
            }
            store::Error::Unavailable(Unavailable::Slow(_)) => {
                Self::new(ProblemCode::Deadline, "the database took too long; ask for less at once")
                    .caused_by(error)
            }
            store::Error::Unavailable(_) | store::Error::Contended(_) => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        Self::unavailable(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        if let Some(cause) = &self.source {
            let cause = crate::trace::chain(cause.as_ref());
            if status.is_server_error() {
                tracing::error!(code = self.code.as_str(), cause, "request failed");
            } else {
                tracing::info!(code = self.code.as_str(), cause, "request refused");
            }
        }
        let wire = Wire {
            r#type: format!("urn:takings:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code.as_str(),
            detail: &self.detail,
            field: self.field.as_deref(),
        };
        let mut response = (status, Json(wire)).into_response();
        response.extensions_mut().insert(self.code);
        let headers = response.headers_mut();
        headers.extend(self.headers);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.code == ProblemCode::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
