use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, Tls, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::mail::MailerSetupError;

/// Each address of the host has so long to answer.
const CONNECT: Duration = Duration::from_secs(4);
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// Where the mail server is, and how to talk to it.
pub(super) struct Relay {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error(transparent)]
    Smtp(#[from] lettre::transport::smtp::Error),
    #[error("the mail server offers no encryption, so it is not told the password")]
    Unencrypted,
}

impl Relay {
    pub(super) fn new(
        url: &str,
        hello: &str,
        ca_file: Option<&str>,
    ) -> Result<Self, MailerSetupError> {
        let url = Url::parse(url).map_err(MailerSetupError::Url)?;
        let host = url.host_str().ok_or(MailerSetupError::Unsupported("it names no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let parameters = trust(&host, ca_file)?;
        let tls = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value);
        let (tls, port) = match (url.scheme(), tls.as_deref()) {
            ("smtps", None) => (Tls::Wrapper(parameters), 465),
            ("smtp", None | Some("required")) => (Tls::Required(parameters), 587),
            ("smtp", Some("opportunistic")) => (Tls::Opportunistic(parameters), 587),
            ("smtp", Some("none")) => (Tls::None, 25),
            ("smtp", Some(_)) => {
                let choices = "tls is `required`, `opportunistic` or `none`";
                return Err(MailerSetupError::Unsupported(choices));
            }
            ("smtps", Some(_)) => {
                return Err(MailerSetupError::Unsupported("smtps:// has TLS, and no choice"));
            }
            _ => return Err(MailerSetupError::Unsupported("it begins with smtps:// or smtp://")),
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) => Some(Credentials::new(decode(user)?, decode(password)?)),
            (_, None) => return Err(MailerSetupError::Unsupported("the password is missing")),
        };
        let port = url.port().unwrap_or(port);
        Ok(Self { host, port, tls, credentials, hello: ClientId::Domain(hello.to_owned()) })
    }

    /// Opens a session in which a letter may be sent.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, SessionError> {
        let from_the_start = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            _ => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(CONNECT),
            &self.hello,
            from_the_start,
            None,
        )
        .await?;
        match &self.tls {
            Tls::Required(parameters) => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            _ => {}
        }
        if let Some(credentials) = &self.credentials {
            if !connection.is_encrypted() && !matches!(self.tls, Tls::None) {
                return Err(SessionError::Unencrypted);
            }
            connection.auth(&MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }
}

fn trust(host: &str, ca_file: Option<&str>) -> Result<TlsParameters, MailerSetupError> {
    let mut parameters =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
    if let Some(path) = ca_file {
        let pem = std::fs::read(path)
            .map_err(|source| MailerSetupError::CaFile { path: path.to_owned(), source })?;
        let authorities = Certificate::from_pem(&pem).map_err(MailerSetupError::Certificates)?;
        parameters = parameters.add_root_certificate(authorities);
    }
    parameters.build().map_err(MailerSetupError::Certificates)
}

fn decode(text: &str) -> Result<String, MailerSetupError> {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(MailerSetupError::Unsupported("user or password is not UTF-8")),
    }
}
