use tokio_postgres::error::SqlState;

/// Why Postgres did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique row is already there, or a condition raised in SQL did not hold.
    #[error("the row is already there or was changed")]
    Conflict(#[source] tokio_postgres::Error),
    /// Postgres is away, too busy, or broke off: nobody knows whether a commit happened.
    #[error("Postgres is away")]
    Unavailable(#[source] Unavailable),
    /// A transaction lost against another: the same work may succeed at once.
    #[error("the transaction lost against another")]
    Contended(#[source] tokio_postgres::Error),
    /// The role could read other tenants' rows: we refuse to run as it.
    #[error("the database role `{0}` bypasses row-level security; use one that does not")]
    UnsafeRole(String),
    /// A condition that a statement insists on did not hold.
    #[error("the database refused: a condition did not hold")]
    Refused(#[source] tokio_postgres::Error),
    /// A commit was asked for after a statement had failed.
    #[error("the transaction had failed before its commit and was rolled back")]
    FailedBefore,
    /// A stored value is not what this version writes.
    #[error("a stored {0} cannot be read")]
    Stored(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// A migration failed.
    #[error("the migration failed")]
    Migration(#[from] refinery::Error),
    /// The address of the database cannot be used.
    #[error("DATABASE_URL cannot be used: {0}")]
    Address(String),
    /// A fault of ours.
    #[error("Postgres refused a statement")]
    Statement(#[source] tokio_postgres::Error),
}

/// How Postgres is away.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// It cannot be reached, or the connection broke.
    #[error("the connection failed")]
    Connection(#[source] tokio_postgres::Error),
    /// Nobody answers at its address.
    #[error("no connection")]
    Stream(#[source] std::io::Error),
    /// It ended a statement that took longer than a statement may.
    #[error("the statement took too long")]
    Slow(#[source] tokio_postgres::Error),
    /// No connection was had in time.
    #[error("no connection was had within {0} ms")]
    Timeout(u64),
}

impl Error {
    /// Whether the same transaction may succeed when it is run again at once.
    #[must_use]
    pub fn is_contended(&self) -> bool {
        matches!(self, Self::Contended(_))
    }

    /// Whether a unique row was already there.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// Which condition did not hold, in the words of the statement that insists on it.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Refused(error) => {
                error.as_db_error().map(tokio_postgres::error::DbError::message)
            }
            _ => None,
        }
    }

    /// Whether another wrote first, or took the stock: with what is there now, a decision about an
    /// order may be another.
    #[must_use]
    pub fn is_overtaken(&self) -> bool {
        self.is_conflict() || self.is_contended() || self.constraint() == Some("stock_not_oversold")
    }

    /// The name of the constraint that was violated, if one was.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Conflict(error) | Self::Statement(error) => error.as_db_error()?.constraint(),
            _ => None,
        }
    }

    /// Whether it lies in the data: the same data is refused again at any time.
    #[must_use]
    pub fn is_datas_fault(&self) -> bool {
        let Self::Statement(error) = self else { return false };
        let class = |code: &SqlState| ["22", "23"].iter().any(|it| code.code().starts_with(it));
        error.code().is_some_and(class)
    }

    /// Whether a point found no partition for its week.
    #[must_use]
    pub fn is_missing_partition(&self) -> bool {
        let Self::Statement(error) = self else { return false };
        error.code() == Some(&SqlState::CHECK_VIOLATION)
            && error.as_db_error().is_some_and(|error| error.message().contains("partition"))
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(code) = error.code() else {
            return if error.is_closed() || std::error::Error::source(&error).is_some_and(is_io) {
                Self::Unavailable(Unavailable::Connection(error))
            } else {
                Self::Statement(error)
            };
        };
        match code {
            code if code.code() == "TK001" => Self::Refused(error),
            &SqlState::UNIQUE_VIOLATION => Self::Conflict(error),
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Contended(error)
            }
            &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN
            | &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
            | &SqlState::READ_ONLY_SQL_TRANSACTION => {
                Self::Unavailable(Unavailable::Connection(error))
            }
            &SqlState::QUERY_CANCELED => Self::Unavailable(Unavailable::Slow(error)),
            // Lost connections; no disk, memory or connection left; faults of the machine and of
            // what serves its pages; sessions that a newer server ended.
            code if ["08", "53", "58", "XX", "57P05", "25P04"]
                .iter()
                .any(|class| code.code().starts_with(class)) =>
            {
                Self::Unavailable(Unavailable::Connection(error))
            }
            _ => Self::Statement(error),
        }
    }
}

fn is_io(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<std::io::Error>()
}
