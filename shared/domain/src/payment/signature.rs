use hmac::{Hmac, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// How far the clock of the sender may be from ours, in seconds, either way. (Stripe's libraries
/// allow 300.)
pub const TOLERANCE_S: i64 = 300;

/// Why a body is not believed to come from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is not of the form `t=…,v1=…`.
    #[error("the signature header is missing or has another form than t=…,v1=…")]
    Malformed,
    /// It was made too long ago, or in the future.
    #[error("the signature was made more than {TOLERANCE_S} s from now")]
    Stale,
    /// No secret of ours makes it.
    #[error("the signature does not match")]
    Mismatch,
}

/// Checks a `Stripe-Signature` header against the raw bytes of the body: the HMAC-SHA256 of
/// `t.body`, in hexadecimal, under any of several secrets, because they are rolled. Every
/// comparison takes the same time. (docs.stripe.com/webhooks)
///
/// # Errors
/// [`SignatureError`]: nothing of the body may be believed, or even read.
pub fn verify(
    header: &str,
    body: &[u8],
    secrets: &[impl AsRef<[u8]>],
    now: Timestamp,
) -> Result<(), SignatureError> {
    let mut signed_at = None;
    let mut signatures = vec![];
    for item in header.split(',') {
        match item.trim().split_once('=') {
            Some(("t", at)) if signed_at.is_none() => signed_at = Some(at),
            Some(("v1", signature)) => signatures.extend(from_hex(signature)),
            Some(_) => {}
            None => return Err(SignatureError::Malformed),
        }
    }
    let text = signed_at.ok_or(SignatureError::Malformed)?;
    let at: i64 = text.parse().map_err(|_no_number| SignatureError::Malformed)?;
    if signatures.is_empty() {
        return Err(SignatureError::Malformed);
    }
    if at.checked_sub(now.as_second()).is_none_or(|apart| apart.abs() > TOLERANCE_S) {
        return Err(SignatureError::Stale);
    }
    let matches = |secret: &[u8]| {
        let mac = mac(secret, text, body);
        signatures.iter().filter(|signature| mac.clone().verify_slice(&**signature).is_ok()).count()
    };
    // All are compared, whichever matches first.
    match secrets.iter().map(|secret| matches(secret.as_ref())).sum::<usize>() {
        0 => Err(SignatureError::Mismatch),
        _ => Ok(()),
    }
}

/// The header that goes with a body.
#[must_use]
pub fn sign(body: &[u8], secret: &[u8], at: Timestamp) -> String {
    let text = at.as_second().to_string();
    let signature = mac(secret, &text, body).finalize().into_bytes();
    let hex: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={text},v1={hex}")
}

fn mac(secret: &[u8], at: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(at.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut signature = [0; 32];
    for (byte, pair) in signature.iter_mut().zip(bytes.chunks_exact(2)) {
        let digit = |digit: u8| (digit as char).to_digit(16).and_then(|it| u8::try_from(it).ok());
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(signature)
}
