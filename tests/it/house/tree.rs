use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A file, by its path in the repository.
#[derive(Clone)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

/// The text files of the repository: what is committed, or would be.
#[derive(Clone)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

impl Tree {
    pub(super) fn read() -> Self {
        let listed = Command::new("git")
            .current_dir(root())
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()
            .expect("git is there");
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        let paths = String::from_utf8(listed.stdout).expect("paths are text");
        let files: Vec<File> = paths
            .split_terminator('\0')
            .filter_map(|path| {
                let text = fs::read_to_string(root().join(path)).ok()?;
                Some(File { path: path.to_owned(), text })
            })
            .collect();
        assert!(files.len() > 100, "only {} files", files.len());
        Self { files }
    }

    /// The same with one more file, or with another text in one.
    pub(super) fn with(&self, file: File) -> Self {
        let mut tree = self.clone();
        tree.files.retain(|other| other.path != file.path);
        tree.files.push(file);
        tree
    }

    pub(super) fn file(&self, path: &str) -> &File {
        let mut files = self.files.iter();
        files.find(|file| file.path == path).unwrap_or_else(|| panic!("there is no {path}"))
    }

    pub(super) fn has(&self, beginning: &str) -> bool {
        self.files.iter().any(|file| file.path.starts_with(beginning))
    }

    /// Files whose path ends like this, the rules themselves left out: they name what they ban.
    pub(super) fn ending(&self, end: &str) -> impl Iterator<Item = &File> {
        let ours = |file: &&File| {
            file.path.starts_with("tests/it/house") || file.path.contains("/snapshots/")
        };
        self.files.iter().filter(move |file| file.path.ends_with(end) && !ours(file))
    }

    /// The names of the folders in a folder.
    pub(super) fn folders(&self, folder: &str) -> Vec<&str> {
        let inside = self.files.iter().filter_map(|file| file.path.strip_prefix(folder));
        let mut names: Vec<&str> =
            inside.filter_map(|rest| rest.split_once('/')).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

pub(super) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
