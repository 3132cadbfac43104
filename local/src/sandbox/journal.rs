use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::book::{Book, Entry};

/// A file of lines, each of which says what one request did. It is only ever written at its end,
/// and survives the process; against a power cut it promises nothing.
pub(super) struct Journal(File);

const NAME: &str = "journal.jsonl";

impl Journal {
    /// Reads what happened so far. A last line that a crash cut off is what nobody was told of:
    /// it goes.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Book)> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(folder.join(NAME))?;
        let mut book = Book::default();
        let mut reader = BufReader::new(&file);
        let (mut whole, mut line) = (0, Vec::new());
        loop {
            line.clear();
            let bytes = reader.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                break;
            }
            let entries: Vec<Entry> = serde_json::from_slice(&line)?;
            entries.into_iter().for_each(|entry| book.apply(entry));
            whole += bytes as u64;
        }
        file.set_len(whole)?;
        file.seek(SeekFrom::End(0))?;
        Ok((Self(file), book))
    }

    /// Writes what one request did, before anybody is told.
    pub(super) fn write(&mut self, entries: &[Entry]) -> io::Result<()> {
        let mut line = serde_json::to_vec(entries)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}
