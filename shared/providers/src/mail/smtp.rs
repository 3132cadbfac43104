mod relay;

#[cfg(test)]
mod tests;

use std::iter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::response::{Response, Severity};
use tokio::time::timeout;

use self::relay::{Relay, SessionError};
use super::mime::{self, Composed};
use super::{Letter, MailError, MailerSetupError};

/// A mail server that takes letters by SMTP. Each letter has a connection of its own, made when
/// the letter goes.
pub struct Smtp {
    relay: Relay,
    from: Mailbox,
    patience: Patience,
}

/// How long each step may take; all of them together less than a minute, the time a function has.
#[derive(Clone, Copy)]
struct Patience {
    session: Duration,
    envelope: Duration,
    content: Duration,
    goodbye: Duration,
}

/// What went wrong in a conversation.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Smtp(#[from] lettre::transport::smtp::Error),
    #[error("the mail server's last word was no verdict: {}", .0.code())]
    NoVerdict(Response),
    #[error("the mail server was silent for {} s", .0.as_secs_f64())]
    Silence(Duration),
}

impl Smtp {
    /// Letters from `from`, such as `Takings <reports@example.com>`, go to the server at `url`:
    /// `smtps://user:password@host` (TLS from the start, port 465), or `smtp://…` (STARTTLS,
    /// port 587) with `?tls=required`, which is the default, `?tls=opportunistic`, or
    /// `?tls=none` (port 25). A user and password are percent-encoded; they never go over an
    /// unencrypted connection unless `tls=none` says so. Trusted are the public certificate
    /// authorities and those in `ca_file` (PEM). Connects to nothing yet.
    ///
    /// # Errors
    /// When an address or the file cannot be used.
    pub fn new(url: &str, from: &str, ca_file: Option<&str>) -> Result<Self, MailerSetupError> {
        let from = mime::sender(from)?;
        let relay = Relay::new(url, from.email.domain(), ca_file)?;
        Ok(Self { relay, from, patience: Patience::default() })
    }

    /// Hands a letter over.
    ///
    /// # Errors
    /// See [`MailError`].
    pub async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let composed = Composed::new(letter, &self.from)?;
        // No reply of a session is about the letter: a wrong password must not lose a report.
        let mut connection = within(self.patience.session, self.relay.connect())
            .await
            .map_err(|fault| MailError::NotAccepted(Box::new(fault)))?;
        let handed_over = self.hand_over(&mut connection, &composed).await;
        // A courtesy: the verdict stands, whatever becomes of the goodbye.
        let _ = timeout(self.patience.goodbye, connection.abort()).await;
        handed_over
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        letter: &Composed,
    ) -> Result<(), MailError> {
        within(self.patience.envelope, async {
            connection.command(Mail::new(Some(self.from.email.clone()), Vec::new())).await?;
            connection.command(Rcpt::new(letter.to.clone(), Vec::new())).await?;
            connection.command(Data).await
        })
        .await
        .map_err(|fault| fault.judge(MailError::NotAccepted))?;

        // The end of the letter is sent once the iterator has no more parts. Until then the
        // server cannot have accepted it; from then on only its answer tells.
        let is_out = AtomicBool::new(false);
        let end = iter::from_fn(|| {
            is_out.store(true, Ordering::Relaxed);
            None
        });
        let parts = iter::once(letter.bytes.as_slice()).chain(end);
        let verdict = within(self.patience.content, connection.message_iter(parts)).await;
        let fault = match verdict {
            Ok(reply) if reply.code().severity == Severity::PositiveCompletion => return Ok(()),
            Ok(reply) => Fault::NoVerdict(reply),
            Err(fault) => fault,
        };
        let without_answer = if is_out.load(Ordering::Relaxed) {
            MailError::Unknown
        } else {
            MailError::NotAccepted
        };
        Err(fault.judge(without_answer))
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            session: Duration::from_secs(10),
            envelope: Duration::from_secs(10),
            content: Duration::from_secs(30),
            goodbye: Duration::from_secs(1),
        }
    }
}

type Cause = Box<dyn std::error::Error + Send + Sync>;

impl Fault {
    /// An answer speaks for itself; the lack of one means what the caller says.
    fn judge(self, without_answer: fn(Cause) -> MailError) -> MailError {
        let judge = match &self {
            Self::Smtp(error) if error.is_permanent() => MailError::Refused,
            Self::Smtp(error) if error.is_transient() => MailError::NotAccepted,
            _ => without_answer,
        };
        judge(Box::new(self))
    }
}

async fn within<T, E: Into<Fault>>(
    patience: Duration,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, Fault> {
    match timeout(patience, step).await {
        Ok(outcome) => outcome.map_err(Into::into),
        Err(_elapsed) => Err(Fault::Silence(patience)),
    }
}
