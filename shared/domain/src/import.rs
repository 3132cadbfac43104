//! An import is a stored file and what was done with it. Its file is read again whenever work
//! goes on, so everything here gives the same answer for the same file.

mod reader;
mod tally;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::metric::Code;
use crate::{points_file, sales};

pub use reader::{LinePoint, Lines, Progress, Reader, RefusedLine, Series, Unreadable};
pub use tally::{Month, Tally};

/// What the owner of an import is told that nobody works on any more.
pub const GIVEN_UP: &str = "something of ours failed again and again; undo what was written, if \
                            anything was, and run the import again";

/// Refused lines of an import that are kept; all are counted.
pub const REFUSED_KEPT: u64 = 10_000;
/// Refused lines that a dry run keeps.
pub const REFUSED_SHOWN: u64 = 100;

/// What the lines of a file are, and which columns play which part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "columns", rename_all = "snake_case")]
pub enum Mapping {
    /// Lines of sales: they make the standard shop metrics.
    Sales(sales::Columns),
    /// Lines of any measurements, one point each.
    Points(points_file::Columns),
}

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotAMapping {
    /// A part is unknown, or has another type.
    #[error("the mapping cannot be read: {0}")]
    Shape(#[from] serde_json::Error),
    /// A tag's key is misspelt, or there are too many.
    #[error("the tag `{1}` cannot be used: {advice}", advice = .0.advice())]
    Tag(Code, String),
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// For its upload, or for somebody to begin.
    Waiting,
    /// The file is read, and nothing written.
    Checking,
    /// The file was read.
    Checked,
    /// Its points are being written.
    Running,
    /// All its points are written.
    Done,
    /// Its points are being removed.
    Undoing,
    /// All its points were removed.
    Undone,
    /// It could not go on; the problem says why.
    Failed,
}

/// What may be begun with an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read the file and write nothing.
    Check,
    /// Write its points.
    Run,
    /// Remove its points.
    Undo,
}

/// The import stands elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongStatus {
    /// Something was begun already.
    #[error("the import is {} already; wait until it is not", .0.as_str())]
    Busy(Status),
    /// Its points are there.
    #[error("points of the import are written; undo it first")]
    Written,
    /// There is nothing to undo.
    #[error("the import has no points; run it first")]
    Unwritten,
}

impl Mapping {
    /// Reads the mapping of a kind; columns that it does not name have their usual names. `None`
    /// when there is no such kind.
    ///
    /// # Errors
    /// [`NotAMapping`] names the part at fault.
    pub fn parse(kind: &str, columns: serde_json::Value) -> Option<Result<Self, NotAMapping>> {
        match kind {
            "sales" => Some(serde_json::from_value(columns).map(Self::Sales).map_err(Into::into)),
            "points" => Some(points(columns)),
            _ => None,
        }
    }

    /// `sales` or `points`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sales(_) => "sales",
            Self::Points(_) => "points",
        }
    }
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Checking,
        Self::Checked,
        Self::Running,
        Self::Done,
        Self::Undoing,
        Self::Undone,
        Self::Failed,
    ];

    /// In lower case, as in replies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Checking => "checking",
            Self::Checked => "checked",
            Self::Running => "running",
            Self::Done => "done",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Failed => "failed",
        }
    }

    /// By its name in lower case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Where an import stands once the action has begun. `written` says whether any of its
    /// points are there.
    ///
    /// # Errors
    /// [`WrongStatus`] says what to do first.
    pub fn begin(self, action: Action, written: bool) -> Result<Self, WrongStatus> {
        match (self, action) {
            (Self::Checking | Self::Running | Self::Undoing, _) => Err(WrongStatus::Busy(self)),
            (Self::Done, Action::Undo) => Ok(Self::Undoing),
            (Self::Failed, Action::Undo) if written => Ok(Self::Undoing),
            (_, Action::Undo) => Err(WrongStatus::Unwritten),
            (Self::Done, _) => Err(WrongStatus::Written),
            (Self::Failed, _) if written => Err(WrongStatus::Written),
            (_, Action::Check) => Ok(Self::Checking),
            (_, Action::Run) => Ok(Self::Running),
        }
    }
}

fn points(columns: serde_json::Value) -> Result<Mapping, NotAMapping> {
    let columns: points_file::Columns = serde_json::from_value(columns)?;
    columns.check().map_err(|(code, key)| NotAMapping::Tag(code, key))?;
    Ok(Mapping::Points(columns))
}
