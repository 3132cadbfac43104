use domain::id::RefundId;
use domain::payment::Subject;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::Serializer;

/// What may stand in a segment of a path as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// Parameters in the order in which they were given. The same parameters make the same bytes,
/// which is how Stripe tells a repetition from another call under the same key.
pub(super) struct Form(String);

impl Form {
    pub(super) fn new() -> Self {
        Self(String::new())
    }

    pub(super) fn with(self, name: &str, value: &str) -> Self {
        // The serializer cannot go from thread to thread, and a call may.
        Self(Serializer::new(self.0).append_pair(name, value).finish())
    }

    pub(super) fn with_number(self, name: &str, value: i64) -> Self {
        self.with(name, &value.to_string())
    }

    /// Whose it is.
    pub(super) fn with_subject(self, subject: &Subject) -> Self {
        self.with("metadata[tenant]", &subject.tenant.to_string())
            .with("metadata[order]", &subject.order.to_string())
            .with("metadata[payment]", &subject.payment.to_string())
    }

    pub(super) fn with_refund(self, refund: RefundId) -> Self {
        self.with("metadata[refund]", &refund.to_string())
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// A name of Stripe's as a part of a path: whoever told us of it cannot lead us elsewhere.
pub(super) fn segment(reference: &str) -> String {
    utf8_percent_encode(reference, SEGMENT).to_string()
}
