//! Keys that a self-hosted Takings makes for itself, once.

use app::token::{Key, KeyState, Keys};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use app::entropy;

use crate::folder::{Folder, FolderError, hex};

/// What signs tokens and links.
#[derive(Clone)]
pub struct Secrets {
    /// For [`app::Config::token_keys`].
    pub token_keys: String,
    /// For [`app::Config::unsubscribe_keys`].
    pub unsubscribe_keys: String,
    /// Signs the addresses of objects.
    pub object_key: String,
    /// What the sandbox of payments accepts from us: the rest of `sk_test_…`, of the `pk_test_…`
    /// that it accepts from browsers, and of the `whsec_…` that it signs its webhooks with.
    pub sandbox_key: String,
}

impl Secrets {
    /// The secrets of a folder, made on first use. Only the owner of the folder can read them.
    ///
    /// # Errors
    /// When they cannot be read or written.
    pub fn of(folder: &Folder) -> Result<Self, FolderError> {
        Ok(Self {
            token_keys: folder.secret("token-keys.json", token_keys)?,
            unsubscribe_keys: folder.secret("unsubscribe-keys.txt", unsubscribe_keys)?,
            object_key: folder.secret("object-key.txt", object_key)?,
            sandbox_key: folder.secret("sandbox-key.txt", object_key)?,
        })
    }

    /// Secrets that end with the process.
    #[must_use]
    pub fn fresh() -> Self {
        Self {
            token_keys: token_keys(),
            unsubscribe_keys: unsubscribe_keys(),
            object_key: object_key(),
            sandbox_key: object_key(),
        }
    }

    /// Secrets that everybody knows: for samples, whose answers are the same on every machine.
    #[must_use]
    pub fn known() -> Self {
        let key = token_key(&[7; 32], "sample", KeyState::Current);
        Self {
            token_keys: as_json(&Keys::of(vec![key])),
            unsubscribe_keys: format!("1:{}", STANDARD.encode([7; 32])),
            object_key: hex(&[7; 32]),
            sandbox_key: hex(&[7; 32]),
        }
    }
}

impl Secrets {
    /// What the sandbox of payments signs its webhooks with.
    #[must_use]
    pub fn webhook_secret(&self) -> String {
        format!("whsec_{}", self.sandbox_key.trim())
    }
}

/// The key pair of access tokens that a seed of 32 secret bytes makes.
///
/// # Panics
/// Never: every seed makes one.
#[must_use]
pub fn token_key(seed: &[u8; 32], kid: &str, state: KeyState) -> Key {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed");
    let private_key = pair.to_pkcs8v1().expect("a key that was just made can be written");
    let body = STANDARD.encode(private_key.as_ref());
    Key {
        kid: kid.to_owned(),
        private_key_pem: format!(
            "-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
        ),
        x: URL_SAFE_NO_PAD.encode(pair.public_key()),
        state,
    }
}

fn token_keys() -> String {
    let kid = format!("local-{}", hex(&entropy::<4>()));
    as_json(&Keys::of(vec![token_key(&entropy(), &kid, KeyState::Current)]))
}

fn as_json(keys: &Keys) -> String {
    serde_json::to_string(keys).expect("strings always become JSON")
}

fn unsubscribe_keys() -> String {
    format!("1:{}", STANDARD.encode(entropy::<32>()))
}

fn object_key() -> String {
    hex(&entropy::<32>())
}
