//! Deleting what a checkout keeps.

use std::fs;
use std::path::Path;

use crate::folder::Folder;
use crate::{Fault, postgres, terminal};

/// What `local` keeps in its folder. Nothing else there is touched: a folder given by hand may
/// hold more.
const OURS: [&str; 16] = [
    "postgres",
    "postgres.unfinished",
    "postgres.log",
    "postgres.secret",
    "postgres.password",
    "port",
    "objects",
    "letters",
    "token-keys.json",
    "unsubscribe-keys.txt",
    "object-key.txt",
    "my-shop.id",
    "app.env",
    "system.env",
    "owner.env",
    "lock",
];

/// Deletes the data of a folder, once that was confirmed.
pub(crate) fn reset(path: &Path, confirmed: bool) -> Result<(), Fault> {
    if !path.exists() {
        terminal::note(&format!("There is nothing in {}", path.display()));
        return Ok(());
    }
    let _held = Folder::open(path)?;
    let question = format!("Delete the database, uploads, letters and keys in {}?", path.display());
    if !confirmed && !terminal::confirms(&question) {
        terminal::note("Nothing was deleted");
        return Ok(());
    }
    postgres::stop_orphan(path)?;
    for name in OURS {
        let path = path.join(name);
        let removed =
            if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    for entry in fs::read_dir(path)?.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with("made-up-") {
            fs::remove_file(entry.path())?;
        }
    }
    let _more_is_there = fs::remove_dir(path);
    terminal::note(&format!("Deleted the data in {}", path.display()));
    if app::config::read("DATABASE_URL").is_some() {
        terminal::note("The database that DATABASE_URL names is yours, and was not touched");
    }
    Ok(())
}
