use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use lettre::message::Mailbox;
use tokio::fs;

use super::mime::{self, Composed};
use super::{Letter, MailError, MailerSetupError};

/// A folder of `.eml` files, which any mail program opens.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    from: Mailbox,
}

impl Folder {
    /// Letters from `from`, such as `Takings <reports@example.com>`, go to a folder that is made
    /// when it is needed.
    ///
    /// # Errors
    /// When the sender is not an address.
    pub fn new(path: impl Into<PathBuf>, from: &str) -> Result<Self, MailerSetupError> {
        Ok(Self { path: path.into(), from: mime::sender(from)? })
    }

    /// Writes a letter under its Message-ID; another try replaces it. A file is whole or absent.
    ///
    /// # Errors
    /// `Refused` for a letter that nobody could send, else `NotAccepted`.
    pub async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let composed = Composed::new(letter, &self.from)?;
        self.write(&composed).await.map_err(|error| MailError::NotAccepted(Box::new(error)))
    }

    async fn write(&self, composed: &Composed) -> io::Result<()> {
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let name = &composed.message_id;
        let (process, write) = (std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed));
        let unfinished = self.path.join(format!(".{name}.{process}-{write}"));
        fs::create_dir_all(&self.path).await?;
        fs::write(&unfinished, &composed.bytes).await?;
        fs::rename(&unfinished, self.path.join(format!("{name}.eml"))).await
    }
}
