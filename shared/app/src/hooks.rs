use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::TenantId;
use domain::payment::TOLERANCE_S;
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

pub use providers::hooks::{Courier, Envelope, NotAllowed, Reach, Undelivered};

use crate::entropy;
use crate::unsubscribe::Keys;

/// What an endpoint and we know, and nobody else: `whsec_` and base64 of the key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A secret as it was stored is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret of an endpoint is not `whsec_` and base64")]
pub struct NoSecret;

/// What somebody sent, and by which he proves that it was he.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Its `webhook-id`.
    pub id: &'a str,
    /// Its `webhook-timestamp`.
    pub timestamp: &'a str,
    /// Its `webhook-signature`: one or more, because secrets are rolled.
    pub signatures: &'a str,
    /// Its body, byte for byte.
    pub body: &'a [u8],
}

/// Why a body is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// It is not signed, or in another way.
    #[error("send webhook-id, webhook-timestamp in seconds, and webhook-signature as v1,…")]
    Unsigned,
    /// It was signed too long ago, or in the future.
    #[error("the signature was made more than {TOLERANCE_S} s from now; sign each delivery anew")]
    Stale,
    /// No secret of ours makes it.
    #[error("the signature does not match; sign webhook-id.webhook-timestamp.body, byte for byte")]
    Mismatch,
}

const PREFIX: &str = "whsec_";
/// (Standard Webhooks ask for 24 to 64.)
const KEY_BYTES: usize = 32;
const VALID_AT_ONCE: usize = 2;

impl Secret {
    /// A new one.
    #[must_use]
    pub fn fresh() -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(entropy::<KEY_BYTES>())))
    }

    /// Those by which carriers prove that they speak to a tenant, the newest first. Nobody keeps
    /// them: they follow from the keys of the service, and one made by the key before is good
    /// while the newest is made known.
    #[must_use]
    pub fn of_carriers(keys: &Keys, tenant: TenantId) -> Vec<Self> {
        let made = keys.derived(&[b"carriers", tenant.0.as_bytes()]).into_iter();
        let secret = |key| Self(format!("{PREFIX}{}", STANDARD.encode(key)));
        made.take(VALID_AT_ONCE).map(secret).collect()
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
    let at = at.as_second().to_string();
    let sign = |secret: &String| {
        let mac = mac(secret, (id, &at), body.as_bytes())?;
        Ok(format!("{VERSION}{}", STANDARD.encode(mac.finalize().into_bytes())))
    };
    let signatures = secrets.iter().map(sign).collect::<Result<Vec<_>, _>>()?;
    Ok(signatures.join(" "))
}

/// Checks that one of the secrets has signed what was sent, and lately. Every comparison takes the
/// same time, and all are made.
///
/// # Errors
/// [`NotBelieved`]: nothing of the body may be believed, or even read.
pub fn verify(secrets: &[Secret], sent: &Signed<'_>, now: Timestamp) -> Result<(), NotBelieved> {
    let decoded = |it: &str| STANDARD.decode(it.strip_prefix(VERSION)?).ok();
    let signatures: Vec<Vec<u8>> = sent.signatures.split(' ').filter_map(decoded).collect();
    let at: Option<i64> = sent.timestamp.parse().ok();
    let at = at.filter(|_| !sent.id.is_empty() && !signatures.is_empty());
    let at = at.ok_or(NotBelieved::Unsigned)?;
    if at.checked_sub(now.as_second()).is_none_or(|apart| apart.abs() > TOLERANCE_S) {
        return Err(NotBelieved::Stale);
    }
    let mut matches = 0;
    for secret in secrets {
        let Ok(mac) = mac(&secret.0, (sent.id, sent.timestamp), sent.body) else { continue };
        matches += signatures.iter().filter(|it| mac.clone().verify_slice(it).is_ok()).count();
    }
    if matches == 0 { Err(NotBelieved::Mismatch) } else { Ok(()) }
}

const VERSION: &str = "v1,";

fn mac(secret: &str, (id, at): (&str, &str), body: &[u8]) -> Result<Hmac<Sha256>, NoSecret> {
    let key = secret.strip_prefix(PREFIX).and_then(|key| STANDARD.decode(key).ok());
    let mac = Hmac::<Sha256>::new_from_slice(&key.ok_or(NoSecret)?);
    let mut mac = mac.map_err(|_any_length_will_do| NoSecret)?;
    for part in [id.as_bytes(), b".", at.as_bytes(), b".", body] {
        mac.update(part);
    }
    Ok(mac)
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
    fn what_is_believed_is_what_one_of_the_secrets_has_signed_lately() {
        let [old, new, other] = [(); 3].map(|()| Secret::fresh());
        let at = Timestamp::from_second(1_614_265_330).unwrap();
        let later = |seconds| at + jiff::SignedDuration::from_secs(seconds);
        let by =
            |secret: &Secret| sign(std::slice::from_ref(&secret.0), "msg_1", at, "{}").unwrap();
        let secrets = [new.clone(), old.clone()];
        let check = |signatures: &str, now| {
            let timestamp = "1614265330";
            let sent = Signed { id: "msg_1", timestamp, signatures, body: b"{}" };
            verify(&secrets, &sent, now)
        };
        assert_eq!(check(&by(&new), at), Ok(()));
        assert_eq!(check(&by(&old), later(300)), Ok(()));
        assert_eq!(check(&format!("v2,x {} {}", by(&other), by(&old)), later(-300)), Ok(()));
        assert_eq!(check(&by(&other), at), Err(NotBelieved::Mismatch));
        // Half a signature is none.
        assert_eq!(check(&by(&new)[..23], at), Err(NotBelieved::Mismatch));
        assert_eq!(check(&by(&new), later(301)), Err(NotBelieved::Stale));
        assert_eq!(check(&by(&new), later(-301)), Err(NotBelieved::Stale));
        for none in ["", "v1", "v1,!", "v1a,AAAA"] {
            assert_eq!(check(none, at), Err(NotBelieved::Unsigned), "{none}");
        }
        let moved =
            Signed { id: "msg", timestamp: "1614265330", signatures: &by(&new), body: b"{} " };
        assert_eq!(verify(&secrets, &moved, at), Err(NotBelieved::Mismatch));
        let undated = Signed { timestamp: "now", ..moved };
        assert_eq!(verify(&secrets, &undated, at), Err(NotBelieved::Unsigned));
    }

    #[test]
    fn carriers_have_a_secret_for_each_tenant_and_the_one_before_while_it_is_rolled() {
        let key = |version: u32| format!("{version}:{}", STANDARD.encode([version as u8; 32]));
        let of = |keys: &str, tenant| {
            Secret::of_carriers(
                &Keys::parse(keys).unwrap(),
                TenantId(uuid::Uuid::from_u128(tenant)),
            )
        };
        let [first] = &of(&key(1), 7)[..] else { panic!("one key makes one secret") };
        assert_eq!(first.reveal().len(), PREFIX.len() + 44);
        assert_ne!(of(&key(1), 8)[0], *first);
        let rolled = of(&[key(2), key(1)].join(","), 7);
        assert_eq!((rolled.len(), &rolled[1]), (2, first));
        let again = of(&[key(3), key(2), key(1)].join(","), 7);
        assert_eq!((again.len(), &again[1]), (2, &rolled[0]));
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        let secret = Secret::fresh();
        assert!(!format!("{secret:?}").contains(&secret.reveal()[PREFIX.len()..]));
        assert_eq!(secret.reveal().len(), PREFIX.len() + 44);
    }
}
