//! Checkers and servers written in Python, in a virtual environment that the tests make once.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

const REQUIREMENTS: &str = include_str!("../../tools/requirements.txt");

/// Where packages put pgbouncer, mostly not on the path of an ordinary user.
pub const POOLERS: [&str; 3] =
    ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];

/// The tools of `tests/tools/requirements.txt`.
pub struct Tools {
    environment: PathBuf,
}

impl Tools {
    /// Installs the tools when they are not there yet, or not in these versions.
    ///
    /// # Panics
    /// Panics with the line to run when Python is missing, or with pip's words.
    pub fn get() -> &'static Self {
        static TOOLS: OnceLock<Tools> = OnceLock::new();
        TOOLS.get_or_init(|| Self::provision().unwrap_or_else(|problem| panic!("{problem}")))
    }

    /// What is missing on this machine, and the line that installs it.
    #[must_use]
    pub fn missing_prerequisite() -> Option<String> {
        let python = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
        let mut packages = Vec::new();
        if !python.is_ok_and(|output| output.status.success()) {
            packages.push("python3 python3-venv");
        }
        if !POOLERS.iter().any(|path| Path::new(path).exists()) {
            packages.push("pgbouncer");
        }
        let needed = packages.join(" ");
        (!packages.is_empty())
            .then(|| format!("The tests need more. Run: sudo apt-get install -y {needed}"))
    }

    /// A command of the environment, such as `moto_server` or `python`. Telemetry is off.
    #[must_use]
    pub fn command(&self, tool: &str) -> Command {
        let mut command = Command::new(self.environment.join("bin").join(tool));
        command.env("SAM_CLI_TELEMETRY", "0").env("AWS_DEFAULT_REGION", "eu-central-1");
        command
    }

    fn provision() -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools");
        let environment = folder.join("venv");
        let marker = environment.join("installed.txt");
        let lock = fs::create_dir_all(&folder).and_then(|()| File::create(folder.join("lock")));
        // Another test process may be installing: wait for it.
        let _lock = lock
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| format!("{} cannot be locked: {error}", folder.display()))?;
        if fs::read_to_string(&marker).is_ok_and(|installed| installed == REQUIREMENTS) {
            return Ok(Self { environment });
        }
        if let Some(missing) = Self::missing_prerequisite() {
            return Err(missing);
        }
        say("Installing the Python tools of the tests into target/tools (about a minute, once)");
        let started = Instant::now();
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, REQUIREMENTS)
            .map_err(|error| format!("{} cannot be written: {error}", requirements.display()))?;
        run(Command::new(environment.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "--no-input"])
            .args(["--no-compile", "--only-binary", ":all:", "--requirement"])
            .arg(&requirements))?;
        fs::write(&marker, REQUIREMENTS)
            .map_err(|error| format!("{} cannot be written: {error}", marker.display()))?;
        say(&format!("Installed in {} s", started.elapsed().as_secs()));
        Ok(Self { environment })
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{command:?} does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let words = [output.stdout, output.stderr].concat();
    Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&words).trim()))
}

/// Past the capture of the test harness: whoever waits wants to know for what.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
