use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::account::Account;
use super::download::{downloaded, run};
use super::installed::{Programs, installed};
use super::{OWNER, Options, PostgresError, Servers, io_error};

/// A server of our own.
pub struct Process {
    data: PathBuf,
    /// Absent when a killed process left the server behind.
    child: Option<Child>,
    pid: u32,
    port: u16,
    version: Option<u32>,
    stopping: bool,
}

/// Recovery after a crash can take a while.
const READY_WITHIN: Duration = Duration::from_secs(120);
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
const PORTS_TRIED: u32 = 5;

/// What a small machine can spare; the defaults are for a smaller one of long ago.
const SETTINGS: [&str; 8] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=300",
    "shared_buffers=256MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    // Filling a new segment with zeros holds every commit up for some 40 ms.
    "wal_init_zero=off",
    "tcp_keepalives_idle=30",
];
const FORGETFUL: [&str; 5] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
];

impl Process {
    /// Starts the server of a folder, or takes over the one that runs there.
    pub(super) fn start(
        folder: &Path,
        secret: &str,
        options: &Options<'_>,
    ) -> Result<Self, PostgresError> {
        let data = folder.join("postgres");
        if let Some(left) = left_behind(folder, &data)? {
            (options.tell)("Taking over the Postgres that a killed process left behind");
            return Ok(Self {
                data,
                child: None,
                pid: left.pid,
                port: left.port,
                version: None,
                stopping: false,
            });
        }
        let programs = find(&data, options)?;
        let account = Account::find()?;
        for place in [&data, &programs.folder.join("postgres")] {
            if !account.reaches(place) {
                return Err(PostgresError::Unreachable(place.clone()));
            }
        }
        let site = Site { folder, data, programs, account, durable: options.durable };
        if !site.data.join("PG_VERSION").exists() {
            (options.tell)("Making the database");
            site.make(secret)?;
        }
        for _ in 0..PORTS_TRIED {
            if let Some(process) = site.launch()? {
                return Ok(process);
            }
            // The port was taken between our look and the server's.
            let _absent = fs::remove_file(folder.join("port"));
        }
        Err(PostgresError::DidNotStart(folder.join("postgres.log")))
    }

    /// On 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.pid
    }

    /// The major version, when this process started it.
    #[must_use]
    pub fn version(&self) -> Option<u32> {
        self.version
    }

    /// Ends all sessions and stops the server.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(mut self) -> Result<(), PostgresError> {
        signal(self.pid, "INT")?;
        self.stopping = true;
        let started = Instant::now();
        loop {
            let ended = match &mut self.child {
                Some(child) => child.try_wait().map_err(io_error(&self.data))?.is_some(),
                None => !lives(self.pid),
            };
            if ended {
                return Ok(());
            }
            if started.elapsed() > STOPPED_WITHIN {
                let words = format!("process {} did not stop", self.pid);
                return Err(PostgresError::Program { program: "postgres".into(), words });
            }
            sleep(POLL);
        }
    }
}

/// Whoever gives up leaves no server behind.
impl Drop for Process {
    fn drop(&mut self) {
        if !self.stopping {
            let _gone = signal(self.pid, "INT");
        }
    }
}

/// Stops the server that a killed process left in a folder, if there is one.
///
/// # Errors
/// When it does not end.
pub fn stop_orphan(folder: &Path) -> Result<(), PostgresError> {
    let data = folder.join("postgres");
    let Some(left) = Postmaster::read(&data).filter(Postmaster::lives) else { return Ok(()) };
    Process { data, child: None, pid: left.pid, port: left.port, version: None, stopping: false }
        .stop()
}

/// The programs that can read the data; any, when there is none yet.
fn find(data: &Path, options: &Options<'_>) -> Result<Programs, PostgresError> {
    let written = fs::read_to_string(data.join("PG_VERSION")).ok();
    let major: Option<u32> = written.and_then(|major| major.trim().parse().ok());
    let fits = |programs: &Programs| major.is_none_or(|major| programs.major == major);
    if options.servers == Servers::Any
        && let Some(programs) = installed().find(&fits)
    {
        return Ok(programs);
    }
    let programs = downloaded(options.servers, options.tell)?;
    match major {
        Some(major) if !fits(&programs) => {
            Err(PostgresError::OtherVersion { folder: data.to_owned(), major })
        }
        _ => Ok(programs),
    }
}

/// A server that is about to be.
struct Site<'a> {
    folder: &'a Path,
    data: PathBuf,
    programs: Programs,
    account: Account,
    durable: bool,
}

impl Site<'_> {
    /// Makes the files beside their place, so that a crash leaves no half of them.
    fn make(&self, secret: &str) -> Result<(), PostgresError> {
        let unfinished = self.folder.join("postgres.unfinished");
        let _absent = fs::remove_dir_all(&unfinished);
        fs::create_dir(&unfinished).map_err(io_error(&unfinished))?;
        self.account.give(&unfinished)?;
        let password = self.folder.join("postgres.password");
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&password)
            .map_err(io_error(&password))?;
        file.write_all(secret.as_bytes()).map_err(io_error(&password))?;
        self.account.give(&password)?;
        // Whoever has an account on this machine can reach the port, but not the secret.
        let method = if self.durable { "scram-sha-256" } else { "trust" };
        let mut initdb = self.programs.command("initdb");
        initdb
            .args(["-A", method, "--no-sync", "-E", "UTF8", "--locale=C", "-U", OWNER])
            .arg("--pwfile")
            .arg(&password)
            .arg("-D")
            .arg(&unfinished)
            .current_dir(&unfinished);
        let made = run(self.account.run_as(&mut initdb));
        let _gone = fs::remove_file(&password);
        made?;
        fs::rename(&unfinished, &self.data).map_err(io_error(&self.data))
    }

    /// Starts the server and waits until it is ready; none when it ended at once.
    fn launch(&self) -> Result<Option<Process>, PostgresError> {
        let port = free_port(self.folder)?;
        let data = &self.data;
        let log = self.folder.join("postgres.log");
        let mut options = File::options();
        let log_file = options.create(true).append(true).mode(0o600).open(&log);
        let log_file = log_file.map_err(io_error(&log))?;
        let mut postgres = self.programs.command("postgres");
        postgres.arg("-D").arg(data).arg("-p").arg(port.to_string()).current_dir(data);
        for setting in SETTINGS.iter().chain(if self.durable { &[][..] } else { &FORGETFUL }) {
            postgres.args(["-c", setting]);
        }
        postgres
            .stdin(Stdio::null())
            .stdout(log_file.try_clone().map_err(io_error(&log))?)
            .stderr(log_file);
        let mut child = self.account.run_as(&mut postgres).spawn().map_err(io_error(data))?;
        let started = Instant::now();
        loop {
            if child.try_wait().map_err(io_error(data))?.is_some() {
                return Ok(None);
            }
            let pid = child.id();
            if Postmaster::read(data).is_some_and(|master| master.ready && master.pid == pid) {
                let version = Some(self.programs.major);
                let data = data.clone();
                return Ok(Some(Process {
                    data,
                    child: Some(child),
                    pid,
                    port,
                    version,
                    stopping: false,
                }));
            }
            if started.elapsed() > READY_WITHIN {
                signal(pid, "QUIT")?;
                let _status = child.wait();
                return Err(PostgresError::DidNotStart(log));
            }
            sleep(POLL);
        }
    }
}

/// The port of the last time while it is free, so that addresses stay; else any.
fn free_port(folder: &Path) -> Result<u16, PostgresError> {
    let file = folder.join("port");
    let last = fs::read_to_string(&file).ok().and_then(|port| port.trim().parse().ok());
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = last.map_or_else(|| free(0), |port| free(port).or_else(|_taken| free(0)));
    let address = listener.and_then(|listener| listener.local_addr()).map_err(io_error(folder))?;
    fs::write(&file, address.port().to_string()).map_err(io_error(&file))?;
    Ok(address.port())
}

/// The server that runs in a folder already, once it is ready. One that is stopping is waited for,
/// and is none then.
fn left_behind(folder: &Path, data: &Path) -> Result<Option<Postmaster>, PostgresError> {
    let started = Instant::now();
    loop {
        match Postmaster::read(data).filter(Postmaster::lives) {
            Some(postmaster) if !postmaster.ready => {}
            settled => return Ok(settled),
        }
        if started.elapsed() > READY_WITHIN {
            return Err(PostgresError::DidNotStart(folder.join("postgres.log")));
        }
        sleep(POLL);
    }
}

/// What a running server says of itself in `postmaster.pid`.
struct Postmaster {
    pid: u32,
    port: u16,
    ready: bool,
}

impl Postmaster {
    fn read(data: &Path) -> Option<Self> {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: lines.first()?.parse().ok()?,
            port: lines.get(3)?.parse().ok()?,
            ready: lines.get(7) == Some(&"ready"),
        })
    }

    /// Whether that process still is a Postgres: after a restart of the machine, its id may be
    /// anybody's.
    fn lives(&self) -> bool {
        let name = fs::read_to_string(format!("/proc/{}/comm", self.pid));
        let is_postgres = name.map_or(cfg!(not(target_os = "linux")), |name| {
            matches!(name.trim(), "postgres" | "postmaster")
        });
        is_postgres && lives(self.pid)
    }
}

fn lives(pid: u32) -> bool {
    // A child that nobody waits for is as good as gone.
    let state = fs::read_to_string(format!("/proc/{pid}/stat"));
    let zombie = state.is_ok_and(|state| {
        state.rsplit_once(')').is_some_and(|(_name, rest)| rest.trim_start().starts_with('Z'))
    });
    !zombie && signal(pid, "0").is_ok()
}

/// The shell has `kill` on every machine.
fn signal(pid: u32, signal: &str) -> Result<(), PostgresError> {
    let status = Command::new("sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(io_error(Path::new("postgres"))(io::ErrorKind::NotFound.into())),
        Err(error) => Err(io_error(Path::new("sh"))(error)),
    }
}
