use std::io;

use app::Failure;
use app::port::PortError;
use domain::import::Unreadable;
use domain::metric::MetricName;

/// Why work on an import stopped. All but the last three are for its owner to read: the same file
/// would fail again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    #[error("the gzip is cut off or broken ({0}); upload the file again")]
    Gzip(#[source] io::Error),
    #[error("the file is a ZIP archive or a workbook; save the sheet as CSV")]
    Archive,
    #[error("the upload is gone; an import can be read for 90 days")]
    Gone,
    #[error("the upload was replaced after lines of it had been written; upload the same file")]
    Replaced,
    #[error("the metric `{0}` has points of another kind or unit; they must go before sales come")]
    Declared(String),
    #[error("the metric `{0}` is declared with another kind or unit than the mapping gives")]
    OtherMapping(MetricName),
    #[error("the tenant has 1,000 metrics and may have no more; use tags instead of more names")]
    TooManyMetrics,
    #[error("Postgres did not do its part")]
    Store(#[from] store::Error),
    #[error("the object store did not do its part")]
    Objects(#[source] object_store::Error),
    #[error("the rest could not be sent for")]
    Queue(#[from] PortError),
}

impl Fault {
    /// The sentence for the owner of the import, or what the host shall try again.
    pub(crate) fn sentence(self) -> Result<String, Failure> {
        match self {
            Self::Store(error) => Err(error.into()),
            Self::Objects(error) => Err(Failure::retry(error)),
            Self::Queue(error) => Err(error.into()),
            fault => Ok(fault.to_string()),
        }
    }
}

impl From<object_store::Error> for Fault {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Gone,
            error => Self::Objects(error),
        }
    }
}
