use domain::access::Scope;
use domain::id::{SessionId, TenantId};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The service that tokens are for.
pub const AUDIENCE: &str = "takings-api";
/// How long a token lives. What is taken away from its key or its person ends at once.
pub const LIFETIME_S: i64 = 900;
/// How far two clocks may be apart.
const LEEWAY_S: i64 = 30;
/// No honest token is longer.
const MAX_BYTES: usize = 4096;

/// The keys of tokens. Several stand side by side while they rotate: a `next` key is published
/// before it signs, a `retired` one stays until its last token has expired.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Keys(Vec<Key>);

/// One key pair.
#[derive(Clone, Deserialize, Serialize)]
pub struct Key {
    /// Its name: letters, digits, `_` and `-`.
    pub kid: String,
    /// Ed25519, PKCS #8, PEM.
    pub private_key_pem: String,
    /// The public key: 32 bytes, base64url.
    pub x: String,
    /// What it is for at the moment.
    pub state: KeyState,
}

/// What a key is for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, so that every cache knows it; signs soon.
    Next,
    /// Signs.
    Current,
    /// Signs no more; its tokens are still good.
    Retired,
}

impl Key {
    fn header(&self) -> Header {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        header.typ = Some("at+jwt".to_owned());
        header
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({}, {:?})", self.kid, self.state)
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Claims {
    /// Who signed it.
    pub iss: String,
    /// For which service.
    pub aud: String,
    /// Whom it speaks of: a person, or the API key it was exchanged for.
    pub sub: Uuid,
    /// Not after, in seconds.
    pub exp: i64,
    /// Not before, in seconds.
    pub nbf: i64,
    /// Issued at, in seconds.
    pub iat: i64,
    /// In which tenant. A person may have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    /// What its bearer is.
    #[serde(flatten)]
    pub bearer: Bearer,
}

/// What the bearer of a token is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "bearer", rename_all = "snake_case")]
pub enum Bearer {
    /// Whoever has the key.
    Key {
        /// What it may do, if the key still may.
        scopes: Vec<Scope>,
    },
    /// A person, who may do what the role in the tenant allows at that moment.
    Person {
        /// Where they are logged in: the token ends with it.
        session: SessionId,
    },
}

/// Why a token is refused. None of it is told to the bearer.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a token, a wrong signature, a wrong or missing claim.
    #[error("the token is not valid")]
    Invalid(#[from] jsonwebtoken::errors::Error),
    /// Longer than any honest token.
    #[error("the token is too long")]
    TooLong,
    /// No key of that name.
    #[error("the token names no key of ours")]
    UnknownKey,
    /// Another type or algorithm, or more than we write.
    #[error("the token's header is not one of ours")]
    Header,
    /// Outside its time.
    #[error("the token has expired or is not valid yet")]
    Time,
    /// No key signs at the moment, or it cannot be read.
    #[error("no key signs at the moment")]
    NoCurrentKey,
}

impl Keys {
    /// Reads the keys from configuration; none when it is empty.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        if json.is_empty() { Ok(Self::default()) } else { serde_json::from_str(json) }
    }

    /// The keys, given one by one.
    #[must_use]
    pub fn of(keys: Vec<Key>) -> Self {
        Self(keys)
    }

    /// Signs claims with the current key.
    ///
    /// # Errors
    /// [`TokenError::NoCurrentKey`].
    pub fn sign(&self, claims: &Claims) -> Result<String, TokenError> {
        let key = self.0.iter().find(|key| key.state == KeyState::Current);
        let key = key.ok_or(TokenError::NoCurrentKey)?;
        let secret = EncodingKey::from_ed_pem(key.private_key_pem.as_bytes())?;
        Ok(jsonwebtoken::encode(&key.header(), claims, &secret)?)
    }

    /// Checks a token. The algorithm and the key come from our own record of the key named by
    /// `kid`; a header that says anything else than ours is refused.
    ///
    /// # Errors
    /// [`TokenError`] says why it is refused.
    pub fn check(&self, token: &str, issuer: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::TooLong);
        }
        let header = jsonwebtoken::decode_header(token)?;
        let key = self.0.iter().find(|key| header.kid.as_ref() == Some(&key.kid));
        let key = key.ok_or(TokenError::UnknownKey)?;
        if header != key.header() {
            return Err(TokenError::Header);
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The clock is ours, and may be a fixed one: the two instants are compared below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let public = DecodingKey::from_ed_components(&key.x)?;
        let claims = jsonwebtoken::decode::<Claims>(token, &public, &validation)?.claims;
        let now = now.as_second();
        let over = claims.exp.saturating_add(LEEWAY_S) <= now;
        let early = claims.nbf.saturating_sub(LEEWAY_S) > now;
        // We sign none that lives longer.
        let endless = claims.exp.saturating_sub(LEEWAY_S) > now.saturating_add(LIFETIME_S);
        if over || early || endless {
            return Err(TokenError::Time);
        }
        Ok(claims)
    }

    /// The public keys, as a JWK set.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .0
            .iter()
            .map(|key| {
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
                    "kid": key.kid, "x": key.x,
                })
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }
}
