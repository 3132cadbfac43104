//! What every command that serves stands on: a folder, a database, an address.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::port::Mailer;
use app::{Clock, Config};
use indicatif::ProgressBar;
use providers::hooks::Reach;
use providers::mail::{self, MailerSetupError};
use providers::stripe::{Access, Patience, Stripe, StripeSetupError};
use store::Client;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::apps::{Apps, Setup};
use crate::command_line::Options;
use crate::folder::{self, Folder, FolderError};
use crate::host::Host;
use crate::keys::Secrets;
use crate::objects::ObjectFolder;
use crate::postgres::{self, Addresses, PostgresError, Server, Servers, options_of};
use crate::sandbox::{self, Sandbox};
use crate::{functions, terminal};

/// A folder that is held, a database that is ready, a port that is ours.
pub struct Site {
    folder: Folder,
    server: Server,
    addresses: Addresses,
    secrets: Secrets,
    listener: TcpListener,
    public_url: String,
    sandbox: Option<Payments>,
}

/// A payment provider of our own, at an address of its own, as providers are.
struct Payments {
    sandbox: Sandbox,
    serving: JoinHandle<io::Result<()>>,
    access: Access,
}

/// Why there is none. Every text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The database.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// What the database holds.
    #[error("the database does not answer as it should")]
    Store(#[from] store::Error),
    /// The port that was asked for.
    #[error("port {0} is taken; stop what listens there, or give --port another")]
    PortTaken(u16),
    /// No port at all.
    #[error("{0} cannot be listened on; give --address another")]
    Listen(SocketAddr, #[source] io::Error),
    /// The mail server.
    #[error("SMTP_URL or MAIL_FROM cannot be used")]
    Mail(#[from] MailerSetupError),
    /// The payment provider.
    #[error("STRIPE_SECRET_KEY or STRIPE_URL cannot be used")]
    Gateway(#[from] StripeSetupError),
    /// Serving, or the terminal.
    #[error("serving ended")]
    Io(#[from] io::Error),
}

const PORT: u16 = 8080;
const PORTS_TRIED: u16 = 100;
const MAIL_FROM: &str = "Takings <takings@localhost>";

impl Site {
    /// Takes the folder, starts the database, brings its schema up to date, takes a port.
    ///
    /// # Errors
    /// [`SiteError`] says what to do.
    pub async fn open(options: &Options) -> Result<Self, SiteError> {
        let folder = Folder::open(&folder_of(options))?;
        let secrets = Secrets::of(&folder)?;
        let listener = listen(options, options.port.unwrap_or(PORT)).await?;
        let local = listener.local_addr()?;
        let public_url = app::config::read("PUBLIC_URL")
            .unwrap_or_else(|| format!("http://localhost:{}", local.port()));
        let sandbox = match app::config::read("STRIPE_SECRET_KEY") {
            Some(_theirs) => None,
            None => Some(Payments::open(&folder, &secrets, options, local.port()).await?),
        };
        let (server, addresses) = start(&folder).await?;
        let site = Self { folder, server, addresses, secrets, listener, public_url, sandbox };
        site.write_environments()?;
        Ok(site)
    }

    /// Files for `cargo lambda watch --env-file`: functions one by one, on this database, which
    /// also keeps their queues and records, in one role at a time.
    fn write_environments(&self) -> Result<(), SiteError> {
        let Addresses { app, system, owner, .. } = &self.addresses;
        let access = self.sandbox.as_ref().map(|payments| &payments.access);
        let (gateway, key) = access.map_or(("", ""), |it| (&it.base_url, &it.secret_key));
        for (role, url) in [("app", app), ("system", system), ("owner", owner)] {
            let text = environment(&[
                ("DATABASE_URL", url),
                ("PUBLIC_URL", &self.public_url),
                ("JWT_KEYS", &self.secrets.token_keys),
                ("UNSUBSCRIBE_KEYS", &self.secrets.unsubscribe_keys),
                ("STRIPE_URL", gateway),
                ("STRIPE_SECRET_KEY", key),
                ("STRIPE_WEBHOOK_SECRETS", &self.secrets.webhook_secret()),
                ("MAIL_FROM", MAIL_FROM),
                ("SMTP_URL", "smtp://localhost:1025"),
                ("PORTS", "postgres"),
                ("OBJECTS_BUCKET", "takings"),
                ("AWS_ENDPOINT_URL", "http://localhost:5000"),
                ("AWS_REGION", "eu-central-1"),
                ("AWS_ACCESS_KEY_ID", "none"),
                ("AWS_SECRET_ACCESS_KEY", "none"),
            ]);
            self.folder.replace(&format!("{role}.env"), &text)?;
        }
        Ok(())
    }

    /// Where clients reach it.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The folder that holds everything.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The addresses of the database.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The payment provider of our own, unless a real one is named.
    #[must_use]
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref().map(|payments| &payments.sandbox)
    }

    /// Where letters lie when there is no mail server.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn letters(&self) -> Result<PathBuf, SiteError> {
        Ok(self.folder.private("letters")?)
    }

    /// A connection as the owner.
    ///
    /// # Errors
    /// When Postgres is away.
    pub async fn owner(&self) -> Result<Client, SiteError> {
        Ok(store::connect(&options_of(&self.addresses.owner)).await?)
    }

    /// Every function, mounted, at the time of a clock.
    ///
    /// # Errors
    /// When the folder of objects or the mail server cannot be used.
    pub fn host(&self, clock: Clock) -> Result<Host, SiteError> {
        let objects = ObjectFolder::new(
            &self.folder.private("objects")?,
            &self.public_url,
            &self.secrets.object_key,
            clock,
        )?;
        // Whoever runs everything here may try his own endpoints out here.
        let mut config = Config { hook_reach: Reach::LocalToo, ..Config::from_environment() };
        config.public_url.clone_from(&self.public_url);
        if config.mail_from.is_empty() {
            MAIL_FROM.clone_into(&mut config.mail_from);
        }
        if config.token_keys.is_empty() {
            config.token_keys.clone_from(&self.secrets.token_keys);
        }
        if config.unsubscribe_keys.is_empty() {
            config.unsubscribe_keys.clone_from(&self.secrets.unsubscribe_keys);
        }
        let gateway = match &self.sandbox {
            Some(payments) => {
                payments.sandbox.live_by(clock);
                config.stripe_webhook_secrets = self.secrets.webhook_secret();
                Some(Stripe::new(&payments.access)?)
            }
            None => config.gateway()?,
        };
        let setup = Setup {
            addresses: self.addresses.clone(),
            mailer: self.mailer(&config)?,
            objects: objects.objects(),
            gateway,
            clock,
            config,
        };
        Ok(Host::new(functions::all(), Apps::new(&setup), &objects))
    }

    /// Serves until Ctrl-C or SIGTERM, lets what is in flight end, and stops the database last.
    ///
    /// # Errors
    /// When listening fails, or the database does not stop.
    pub async fn serve(self, host: &Host) -> Result<(), SiteError> {
        let stopped = stopped()?;
        let stop = async {
            stopped.await;
            tracing::info!("stopping");
        };
        let provider = async {
            match self.sandbox {
                Some(payments) => payments.serve().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            served = host.serve(self.listener, stop) => served?,
            ended = provider => ended?,
        }
        Ok(self.server.stop()?)
    }

    /// Says where it is, and how long that took.
    pub fn ready(&self, started: Instant) {
        let seconds = started.elapsed().as_secs_f64();
        let (url, data) = (&self.public_url, self.folder.path().display());
        terminal::note(&format!("Ready in {seconds:.2} s at {url}, with its data in {data}"));
        if let Some(payments) = &self.sandbox {
            let url = &payments.access.base_url;
            terminal::note(&format!("Payments are played at {url}/sandbox; no money moves"));
        }
    }

    /// Ends without having served.
    ///
    /// # Errors
    /// When the database does not stop.
    pub fn close(self) -> Result<(), SiteError> {
        Ok(self.server.stop()?)
    }

    fn mailer(&self, config: &Config) -> Result<Arc<dyn Mailer>, SiteError> {
        if config.smtp_url.is_empty() {
            return Ok(Arc::new(mail::Folder::new(self.letters()?, &config.mail_from)?));
        }
        if app::config::read("PUBLIC_URL").is_none() {
            let url = &self.public_url;
            tracing::warn!(url, "set PUBLIC_URL: the links of letters lead here, and no further");
        }
        let trusted = config.tls_ca_file.as_deref();
        Ok(Arc::new(mail::Smtp::new(&config.smtp_url, &config.mail_from, trusted)?))
    }
}

/// Where the data of these options lies.
#[must_use]
pub fn folder_of(options: &Options) -> PathBuf {
    options.data.clone().unwrap_or_else(|| folder::usual(&folder::checkout()))
}

/// Starts the database of a folder, or finds the one that `DATABASE_URL` names.
///
/// # Errors
/// [`SiteError`] says what to do.
pub async fn start(folder: &Folder) -> Result<(Server, Addresses), SiteError> {
    let progress = ProgressBar::new_spinner().with_message("Starting Postgres");
    progress.enable_steady_tick(Duration::from_millis(100));
    let options = postgres::Options {
        database_url: app::config::read("DATABASE_URL"),
        durable: true,
        servers: Servers::Any,
        tell: &|line| progress.suspend(|| terminal::note(line)),
    };
    let server = Server::start(folder, &options)?;
    progress.set_message("Bringing the schema up to date");
    let addresses = server.prepare().await?;
    progress.finish_and_clear();
    Ok((server, addresses))
}

/// What waits for Ctrl-C or SIGTERM, from now on.
///
/// # Errors
/// When the process cannot be told of signals.
pub fn stopped() -> io::Result<impl Future<Output = ()>> {
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    })
}

impl Payments {
    /// Its journal lies in the folder, its port is the next that is free after ours.
    async fn open(
        folder: &Folder,
        secrets: &Secrets,
        options: &Options,
        port: u16,
    ) -> Result<Self, SiteError> {
        let anywhere = Options { port: None, ..options.clone() };
        let listener = listen(&anywhere, port.saturating_add(1)).await?;
        let base_url = format!("http://localhost:{}", listener.local_addr()?.port());
        let key = secrets.sandbox_key.trim();
        let secret_key = format!("sk_test_{key}");
        let wanted = sandbox::Options {
            secret_key: secret_key.clone(),
            publishable_key: format!("pk_test_{key}"),
            webhook_url: Some(format!("http://localhost:{port}/v1/webhooks/payments/stripe")),
            webhook_secrets: vec![secrets.webhook_secret()],
            public_url: base_url.clone(),
        };
        let sandbox = Sandbox::open(&folder.private("sandbox")?, Clock::System, wanted)?;
        let patience = Patience::default();
        let access = Access { base_url, secret_key, ca_file: None, patience };
        // Whoever makes payments before we serve reaches it too.
        let router = sandbox.router();
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with this process, as providers do not"
        )]
        let serving = tokio::spawn(async { axum::serve(listener, router).await });
        Ok(Self { sandbox, serving, access })
    }

    async fn serve(self) -> io::Result<()> {
        tokio::select! {
            served = self.serving => served?,
            never = self.sandbox.deliver() => match never {},
        }
    }
}

/// Listens on the port that was asked for, or on the first that is free.
async fn listen(options: &Options, first: u16) -> Result<TcpListener, SiteError> {
    let last = if options.port.is_some() { first } else { first.saturating_add(PORTS_TRIED) };
    for port in first..=last {
        let address = SocketAddr::new(options.address, port);
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(SiteError::Listen(address, error)),
        }
    }
    Err(SiteError::PortTaken(first))
}

/// A file of variables, quoted as both shells and `cargo lambda` read it.
fn environment(variables: &[(&str, &str)]) -> String {
    let quoted = |value: &str| value.replace('\'', r"'\''");
    variables.iter().map(|(name, value)| format!("{name}='{}'\n", quoted(value))).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_written() {
        let keys = r#"[{"kid":"a","pem":"-----BEGIN\n$HOME `x` \\ # 'y'"}]"#;
        for value in [keys, "Takings <takings@localhost>", "postgres://u:p@h/d?a=b&c=d", ""] {
            let script = format!("{}printf %s \"$VALUE\"", environment(&[("VALUE", value)]));
            let read = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(read.stdout).unwrap(), value);
        }
    }
}
