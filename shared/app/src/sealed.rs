use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::App;
use crate::unsubscribe::{Keys, NoKeys};

/// What a sealed token is for: one is never good for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To do once what a letter asks its reader to.
    Code,
    /// To join a team.
    Invitation,
    /// To renew a session: the number is its generation.
    Refresh,
}

const CLAIM_BYTES: usize = 4 + 16 + 4;
/// The key derives secrets of second factors.
const FACTOR: &[u8] = b"factor";
const RECOVERY: &[u8] = b"recovery";

impl Purpose {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Code => b"code",
            Self::Invitation => b"invitation",
            Self::Refresh => b"refresh",
        }
    }
}

/// A token that names a row and a number, and that nobody but us can make: so no token, and no
/// hash of one, is kept anywhere.
///
/// # Errors
/// When there are no keys.
pub fn seal(app: &App, purpose: Purpose, id: Uuid, number: i32) -> Result<String, NoKeys> {
    Ok(sealed(&Keys::parse(&app.config.unsubscribe_keys)?, purpose, id, number))
}

/// The same under keys that somebody has at hand.
#[must_use]
pub fn sealed(keys: &Keys, purpose: Purpose, id: Uuid, number: i32) -> String {
    let version = keys.newest();
    let claim = [&version.to_be_bytes()[..], id.as_bytes(), &number.to_be_bytes()].concat();
    let seal = keys.seal(version, &[purpose.bytes(), &claim]).unwrap_or_default();
    URL_SAFE_NO_PAD.encode([claim, seal].concat())
}

/// What a token names, if we made it for this.
///
/// # Errors
/// When there are no keys.
pub fn open(app: &App, purpose: Purpose, token: &str) -> Result<Option<(Uuid, i32)>, NoKeys> {
    let keys = Keys::parse(&app.config.unsubscribe_keys)?;
    Ok(opened(&keys, purpose, token))
}

fn opened(keys: &Keys, purpose: Purpose, token: &str) -> Option<(Uuid, i32)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
    let (claim, seal) = bytes.split_first_chunk::<CLAIM_BYTES>()?;
    let (version, rest) = claim.split_first_chunk::<4>()?;
    let (id, number) = rest.split_first_chunk::<16>()?;
    let number = i32::from_be_bytes(number.try_into().ok()?);
    let version = u32::from_be_bytes(*version);
    keys.is_sealed(version, &[purpose.bytes(), claim], seal)
        .then(|| (Uuid::from_bytes(*id), number))
}

/// The key by which a second factor that is made now is derived.
///
/// # Errors
/// When there are no keys.
pub fn newest_key(app: &App) -> Result<u32, NoKeys> {
    Ok(Keys::parse(&app.config.unsubscribe_keys)?.newest())
}

/// The secret of a second factor: 20 bytes, as long as its hash (RFC 4226, section 4).
///
/// # Errors
/// When its key is gone.
pub fn factor_secret(app: &App, factor: Uuid, key: u32) -> Result<[u8; 20], NoKeys> {
    let whole = derived(app, key, &[FACTOR, factor.as_bytes()])?;
    let mut secret = [0; 20];
    secret.copy_from_slice(&whole[..20]);
    Ok(secret)
}

/// What a recovery code of a second factor is made of.
///
/// # Errors
/// When its key is gone.
pub fn recovery_secret(app: &App, factor: Uuid, key: u32, number: u8) -> Result<[u8; 32], NoKeys> {
    derived(app, key, &[RECOVERY, factor.as_bytes(), &[number]])
}

fn derived(app: &App, key: u32, parts: &[&[u8]]) -> Result<[u8; 32], NoKeys> {
    Keys::parse(&app.config.unsubscribe_keys)?.derived_by(key, parts).ok_or(NoKeys)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn no_changed_token_opens_and_none_opens_for_another_purpose() {
        let keys = Keys::parse(&format!("1:{}", STANDARD.encode([7; 32]))).unwrap();
        let id = Uuid::now_v7();
        let token = sealed(&keys, Purpose::Code, id, 5);
        assert_eq!(opened(&keys, Purpose::Code, &token), Some((id, 5)));
        assert_eq!(opened(&keys, Purpose::Refresh, &token), None);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for position in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[position] ^= 1;
            let forged = URL_SAFE_NO_PAD.encode(forged);
            assert_eq!(opened(&keys, Purpose::Code, &forged), None, "byte {position}");
            let cut = URL_SAFE_NO_PAD.encode(&bytes[..position]);
            assert_eq!(opened(&keys, Purpose::Code, &cut), None, "{position} bytes");
        }
    }
}
