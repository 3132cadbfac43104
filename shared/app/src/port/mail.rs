use async_trait::async_trait;
use providers::mail::{Folder, Smtp};

use super::{Letter, MailError, Mailer};

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        Self::send(self, letter).await
    }
}

#[async_trait]
impl Mailer for Folder {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        Self::send(self, letter).await
    }
}
