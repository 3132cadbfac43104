//! A letter is handed over at most once where that can be known, and where it cannot, the answer
//! says so: see [`MailError`].

mod folder;
mod mime;
mod smtp;

#[cfg(test)]
mod tests;

pub use folder::Folder;
pub use smtp::Smtp;

/// A letter: what is said to one recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// The same for every try, so that receivers can tell a repetition: 1 to 200 letters, digits
    /// and `.-_+=@`, with or without angle brackets. Without a domain it gets the sender's.
    pub message_id: String,
    /// Address of the recipient, without a name. Its domain may be international.
    pub to: String,
    /// Subject line. Line breaks and other control characters become spaces.
    pub subject: String,
    /// For readers that show HTML.
    pub html: String,
    /// For readers that do not.
    pub text: String,
    /// Pictures that the HTML names as `cid:`.
    pub inline: Vec<Inline>,
    /// One-click address for RFC 8058: `https`, at most 900 bytes; absent from test letters.
    pub unsubscribe_url: Option<String>,
}

/// A picture inside a letter.
#[derive(Clone, Debug, PartialEq)]
pub struct Inline {
    /// Its name in the HTML: letters, digits and `.-_+=@`.
    pub content_id: String,
    /// `image/png`.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// How a hand-over failed.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The letter was surely not accepted, and another try may succeed: no connection, no session
    /// (wrong credentials among them), a reply of 4xx, or silence before the letter was out.
    #[error("the mail server did not take the letter yet")]
    NotAccepted(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The letter was refused for good: a reply of 5xx to its sender, recipient or content, or an
    /// address that is none.
    #[error("the mail server refuses the letter")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The connection ended, or nothing was heard in time, when the letter was out: nobody knows.
    #[error("whether the mail server took the letter is not known")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a mailer was told to be cannot be.
#[derive(Debug, thiserror::Error)]
pub enum MailerSetupError {
    /// The sender is not an address.
    #[error("the sender is not an address, such as `Takings <reports@example.com>`")]
    From(#[source] lettre::address::AddressError),
    /// The mail server's address cannot be read.
    #[error("the mail server's address is not a URL, such as smtps://user:password@host")]
    Url(#[source] url::ParseError),
    /// The mail server's address is a URL, but of something else.
    #[error("the mail server's address is unusable: {0}")]
    Unsupported(&'static str),
    /// The file of further certificate authorities cannot be read.
    #[error("the certificates in {path} cannot be read")]
    CaFile {
        /// Where it should be.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The file of further certificate authorities holds something else.
    #[error("the certificates are unusable")]
    Certificates(#[source] lettre::transport::smtp::Error),
}
