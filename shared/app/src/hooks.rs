use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

pub use providers::hooks::{Courier, Envelope, NotAllowed, Reach, Undelivered};

use crate::entropy;

/// What an endpoint and we know, and nobody else: `whsec_` and base64 of the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A secret as it was stored is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret of an endpoint is not `whsec_` and base64")]
pub struct NoSecret;

const PREFIX: &str = "whsec_";
/// (Standard Webhooks ask for 24 to 64.)
const KEY_BYTES: usize = 32;

impl Secret {
    /// A new one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(entropy::<KEY_BYTES>())))
    }

    /// The whole secret, to be shown once and kept.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The `webhook-signature` of a body: under each secret the HMAC-SHA256 of `id.timestamp.body`.
/// (standardwebhooks.com)
///
/// # Errors
/// [`NoSecret`] when a secret is none.
pub fn sign(secrets: &[String], id: &str, at: Timestamp, body: &str) -> Result<String, NoSecret> {
    let signed = format!("{id}.{}.{body}", at.as_second());
    let sign = |secret: &String| {
        let key = secret.strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok());
        let mac = Hmac::<Sha256>::new_from_slice(&key.ok_or(NoSecret)?);
        let mut mac = mac.map_err(|_any_length_will_do| NoSecret)?;
        mac.update(signed.as_bytes());
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    let signatures = secrets.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
    Ok(signatures.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_signed_as_the_standard_shows_it() {
        // The example of the Standard Webhooks libraries.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(sign(&["none".to_owned()], "", at, ""), Err(NoSecret));
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::fresh();
        assert!(!format!("{secret:?}").contains(&secret.reveal()[PREFIX.len()..]));
        assert_eq!(secret.reveal().len(), PREFIX.len() + 44);
    }
}
