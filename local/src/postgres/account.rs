use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use super::{PostgresError, io_error};
use crate::folder::is_root;

/// The user that Postgres runs as when we are root: it refuses root, and any user that
/// `/etc/passwd` does not know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account(Option<(u32, u32)>);

impl Account {
    pub(super) fn find() -> Result<Self, PostgresError> {
        if !is_root() {
            return Ok(Self(None));
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let ids = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        let found = ids("postgres").or_else(|| ids("nobody"));
        found.map(|ids| Self(Some(ids))).ok_or(PostgresError::NoAccount)
    }

    /// Lets the command run as this user, in a group of its own: Ctrl-C is for us, and we stop
    /// Postgres last.
    pub(super) fn run_as<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command.process_group(0)
    }

    pub(super) fn give(&self, path: &Path) -> Result<(), PostgresError> {
        let Some((user, group)) = self.0 else { return Ok(()) };
        chown(path, Some(user), Some(group)).map_err(io_error(path))
    }

    /// Whether this user can pass through every folder above.
    pub(super) fn reaches(&self, path: &Path) -> bool {
        let Some((user, _group)) = self.0 else { return true };
        path.ancestors().skip(1).filter_map(|folder| folder.metadata().ok()).all(|folder| {
            let mode = folder.permissions().mode();
            mode & 0o001 != 0 || (folder.uid() == user && mode & 0o100 != 0)
        })
    }
}
