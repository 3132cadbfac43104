use std::path::{Path, PathBuf};
use std::process::Command;

/// The programs of one server.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    /// Holds `postgres` and `initdb`.
    pub(super) folder: PathBuf,
    /// Libraries that come with it.
    pub(super) libraries: Option<PathBuf>,
    pub(super) major: u32,
}

const OLDEST: u32 = 15;

impl Programs {
    /// The programs in a folder, when they run and are new enough.
    pub(super) fn at(folder: &Path, libraries: Option<PathBuf>) -> Option<Self> {
        let folder = folder.canonicalize().ok()?;
        let mut programs = Self { folder, libraries, major: 0 };
        if !programs.folder.join("initdb").is_file() {
            return None;
        }
        let version = programs.command("postgres").arg("--version").output().ok()?;
        programs.major = major(&String::from_utf8(version.stdout).ok()?)?;
        (programs.major >= OLDEST).then_some(programs)
    }

    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }
}

/// What is installed, the newest first after what stands on the PATH.
pub(super) fn installed() -> impl Iterator<Item = Programs> {
    let path = app::config::read("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let folders = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];
    let mut elsewhere: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path().join("bin")))
        .filter(|bin| bin.join("postgres").is_file())
        .collect();
    elsewhere.sort();
    on_path
        .into_iter()
        .filter(|bin| bin.join("postgres").is_file())
        // A link on the PATH may point at `postgres` alone: its folder has the rest.
        .map(|bin| bin.join("postgres").canonicalize().unwrap_or(bin))
        .filter_map(|program| program.parent().map(Path::to_owned))
        .chain(elsewhere.into_iter().rev())
        .filter_map(|bin| Programs::at(&bin, None))
}

/// Of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`: 15.
fn major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_read_from_releases_and_betas() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 19beta2\n"), Some(19));
        assert_eq!(major("mysql 8"), None);
    }
}
