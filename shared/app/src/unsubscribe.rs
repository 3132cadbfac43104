use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::id::{ReportId, TenantNumber};
use domain::report::Address;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// The keys of links in letters, and of codes of gift cards. The newest signs, all of them open.
pub struct Keys(Vec<(u32, Vec<u8>)>);

/// What an unsubscribe link says: no address can be read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose report.
    pub tenant: TenantNumber,
    /// Which report.
    pub report: ReportId,
    version: u32,
    recipient: [u8; TAG_BYTES],
}

/// Why there are no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("UNSUBSCRIBE_KEYS is not `version:base64`, with at least 16 bytes, separated by commas")]
pub struct NoKeys;

/// Half of a SHA-256: 128 bits cannot be guessed.
const TAG_BYTES: usize = 16;
const CLAIM_BYTES: usize = 4 + 4 + 16 + TAG_BYTES;
const KEY_BYTES_MIN: usize = 16;

impl Keys {
    /// Reads the keys from configuration, the newest first.
    ///
    /// # Errors
    /// [`NoKeys`] when there is none, or one cannot be read.
    pub fn parse(text: &str) -> Result<Self, NoKeys> {
        let key = |entry: &str| {
            let (version, key) = entry.trim().split_once(':')?;
            let key = STANDARD.decode(key).ok().filter(|key| key.len() >= KEY_BYTES_MIN)?;
            Some((version.parse().ok()?, key))
        };
        let keys: Option<Vec<_>> = text.split(',').map(key).collect();
        keys.map(Self).ok_or(NoKeys)
    }

    /// The token by which a recipient ends a report.
    #[must_use]
    pub fn sign(&self, tenant: TenantNumber, report: ReportId, recipient: &Address) -> String {
        let (version, key) = &self.0[0];
        let claim = claim(*version, tenant, report, &tag(key, tenant, report, recipient));
        let seal = mac(key, &[b"unsubscribe", &claim]);
        URL_SAFE_NO_PAD.encode([&claim[..], &seal.finalize().into_bytes()[..TAG_BYTES]].concat())
    }

    /// Opens a token that one of the keys has signed.
    #[must_use]
    pub fn open(&self, token: &str) -> Option<Link> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (claim, seal) = bytes.split_first_chunk::<CLAIM_BYTES>()?;
        let seal: &[u8; TAG_BYTES] = seal.try_into().ok()?;
        let (version, rest) = claim.split_first_chunk::<4>()?;
        let (tenant, rest) = rest.split_first_chunk::<4>()?;
        let (report, recipient) = rest.split_first_chunk::<16>()?;
        let version = u32::from_be_bytes(*version);
        let key = self.key(version)?;
        mac(key, &[b"unsubscribe", claim]).verify_truncated_left(seal).ok()?;
        Some(Link {
            tenant: TenantNumber(i32::from_be_bytes(*tenant)),
            report: ReportId(Uuid::from_bytes(*report)),
            version,
            recipient: recipient.try_into().ok()?,
        })
    }

    /// Whether a link was written for this recipient.
    #[must_use]
    pub fn is_for(&self, link: &Link, recipient: &Address) -> bool {
        let Link { tenant, report, version, .. } = *link;
        self.key(version).is_some_and(|key| tag(key, tenant, report, recipient) == link.recipient)
    }

    /// The version of the key that signs.
    pub(crate) fn newest(&self) -> u32 {
        self.0[0].0
    }

    /// A seal over parts; none when there is no such key.
    pub(crate) fn seal(&self, version: u32, parts: &[&[u8]]) -> Option<Vec<u8>> {
        let seal = mac(self.key(version)?, parts).finalize();
        Some(seal.into_bytes()[..TAG_BYTES].to_vec())
    }

    /// The seals over parts under all keys, the newest first.
    pub(crate) fn seals(&self, parts: &[&[u8]]) -> Vec<Vec<u8>> {
        self.0.iter().filter_map(|(version, _)| self.seal(*version, parts)).collect()
    }

    /// Whether a seal over parts is ours.
    pub(crate) fn is_sealed(&self, version: u32, parts: &[&[u8]], seal: &[u8]) -> bool {
        let fits = |key: &[u8]| mac(key, parts).verify_truncated_left(seal).is_ok();
        seal.len() == TAG_BYTES && self.key(version).is_some_and(fits)
    }

    /// What each of the keys makes of parts, the newest first.
    pub(crate) fn derived(&self, parts: &[&[u8]]) -> Vec<[u8; 32]> {
        self.0.iter().map(|(_, key)| mac(key, parts).finalize().into_bytes().into()).collect()
    }

    /// What one key makes of parts; none when there is no such key.
    pub(crate) fn derived_by(&self, version: u32, parts: &[&[u8]]) -> Option<[u8; 32]> {
        Some(mac(self.key(version)?, parts).finalize().into_bytes().into())
    }

    fn key(&self, version: u32) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == version).map(|(_, key)| key.as_slice())
    }
}

fn claim(
    version: u32,
    tenant: TenantNumber,
    report: ReportId,
    recipient: &[u8],
) -> [u8; CLAIM_BYTES] {
    let mut claim = [0; CLAIM_BYTES];
    claim[..4].copy_from_slice(&version.to_be_bytes());
    claim[4..8].copy_from_slice(&tenant.0.to_be_bytes());
    claim[8..24].copy_from_slice(report.0.as_bytes());
    claim[24..].copy_from_slice(recipient);
    claim
}

/// The recipient as a link names it.
fn tag(key: &[u8], tenant: TenantNumber, report: ReportId, recipient: &Address) -> [u8; TAG_BYTES] {
    let tenant = tenant.0.to_be_bytes();
    let address = recipient.as_str().as_bytes();
    let whole = mac(key, &[b"recipient", &tenant, report.0.as_bytes(), address]).finalize();
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&whole.into_bytes()[..TAG_BYTES]);
    tag
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use domain::id::{ReportId, TenantNumber};
    use domain::report::Address;
    use uuid::Uuid;

    use super::{Keys, NoKeys};

    fn key(version: u32, byte: u8) -> String {
        format!("{version}:{}", STANDARD.encode([byte; 32]))
    }

    #[test]
    fn a_link_opens_for_its_recipient_and_outlives_new_keys() {
        let ann = Address::parse("ann@shop.example").unwrap();
        let report = ReportId(Uuid::now_v7());
        let old = Keys::parse(&key(1, 7)).unwrap();
        let token = old.sign(TenantNumber(42), report, &ann);
        assert!(!token.contains("ann") && token.len() < 100, "{token}");
        let rotated = Keys::parse(&format!("{},{}", key(2, 9), key(1, 7))).unwrap();
        assert_ne!(rotated.sign(TenantNumber(42), report, &ann), token);
        let link = rotated.open(&token).unwrap();
        assert_eq!((link.tenant, link.report), (TenantNumber(42), report));
        assert!(rotated.is_for(&link, &ann));
        assert!(!rotated.is_for(&link, &Address::parse("bob@shop.example").unwrap()));
        assert_eq!(Keys::parse(&key(2, 9)).unwrap().open(&token), None, "the key is gone");
        assert_eq!(Keys::parse(&key(1, 8)).unwrap().open(&token), None, "another key");
    }

    #[test]
    fn no_changed_or_shortened_link_opens() {
        let keys = Keys::parse(&key(1, 7)).unwrap();
        let ann = Address::parse("ann@shop.example").unwrap();
        let token = keys.sign(TenantNumber(1), ReportId(Uuid::nil()), &ann);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for position in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[position] ^= 1;
            assert_eq!(keys.open(&URL_SAFE_NO_PAD.encode(forged)), None, "byte {position}");
            assert_eq!(keys.open(&URL_SAFE_NO_PAD.encode(&bytes[..position])), None);
        }
        for nonsense in ["", "x", "!", &format!("{token}AAAA")] {
            assert_eq!(keys.open(nonsense), None, "{nonsense}");
        }
        for nonsense in ["", "1", "1:", "1:AAAA", "one:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(Keys::parse(nonsense).err(), Some(NoKeys), "{nonsense}");
        }
    }
}
