//! The folder of a checkout: its database, objects, letters and keys, for one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// A folder that this process holds.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

/// Why the folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process of the same checkout runs.
    #[error("process {process} already serves from {path}; stop it, or give --data another folder")]
    Held {
        /// Its id.
        process: String,
        /// The folder.
        path: PathBuf,
    },
    /// It lies where anybody may put files, and somebody else made it.
    #[error("{0} belongs to another user; give --data another folder")]
    Foreign(PathBuf),
    /// It cannot be read or written.
    #[error("{0} cannot be used; give --data a folder that can be written")]
    Io(PathBuf, #[source] io::Error),
}

impl Folder {
    /// Makes the folder if it is not there, and takes it.
    ///
    /// # Errors
    /// [`FolderError`] says what to do.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let failed = |error| FolderError::Io(path.to_owned(), error);
        // Postgres runs as another user when we are root: it must be able to pass, not to look.
        let mode = if is_root() { 0o711 } else { 0o700 };
        DirBuilder::new().recursive(true).mode(mode).create(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        if is_root() && path.metadata().map_err(failed)?.uid() != 0 {
            return Err(FolderError::Foreign(path));
        }
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                let _unreadable = lock.read_to_string(&mut process);
                return Err(FolderError::Held { process, path });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        lock.set_len(0).map_err(failed)?;
        write!(lock, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder inside it that only its owner may enter.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn private(&self, name: &str) -> Result<PathBuf, FolderError> {
        let path = self.path.join(name);
        match DirBuilder::new().recursive(true).mode(0o700).create(&path) {
            Ok(()) => Ok(path),
            Err(error) => Err(FolderError::Io(path, error)),
        }
    }

    /// A file that only its owner may read, made on first use from what `make` answers.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn secret(&self, name: &str, make: impl FnOnce() -> String) -> Result<String, FolderError> {
        let path = self.path.join(name);
        secret_file(&path, make).map_err(|error| FolderError::Io(path, error))
    }

    /// Writes a file anew that only we can read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace(&self, name: &str, text: &str) -> Result<(), FolderError> {
        let path = self.path.join(name);
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| FolderError::Io(path, error))
    }
}

/// Where a checkout keeps its data unless told otherwise: beside the work, or, for root, whose
/// home no other user can enter, below `/var/tmp`.
#[must_use]
pub fn usual(checkout: &Path) -> PathBuf {
    let checkout = checkout.canonicalize().unwrap_or_else(|_absent| checkout.to_owned());
    if !is_root() {
        return checkout.join(".takings");
    }
    let hash = Sha256::digest(checkout.as_os_str().as_encoded_bytes());
    PathBuf::from(format!("/var/tmp/takings-{}", &hex(&hash)[..12]))
}

/// The checkout that we stand in, or, outside of any, the current folder.
#[must_use]
pub fn checkout() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let found = here.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    found.map_or_else(|| here.clone(), Path::to_owned)
}

/// Whether this process may do anything, which Postgres refuses.
#[must_use]
pub fn is_root() -> bool {
    static IS_ROOT: LazyLock<bool> = LazyLock::new(|| {
        Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
    });
    *IS_ROOT
}

/// In lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Written beside its place first, so that a crash leaves all of it or nothing.
fn secret_file(path: &Path, make: impl FnOnce() -> String) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        answer => return answer,
    }
    let text = make();
    let unfinished = path.with_extension("unfinished");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(unfinished, path)?;
    Ok(text)
}
