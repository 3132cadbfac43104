use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::{OrderId, TenantNumber};
use uuid::Uuid;

use crate::unsubscribe::Keys;

const PURPOSE: &[u8] = b"order";
const CLAIM_BYTES: usize = 4 + 4 + 16;

/// The token by which a customer sees an order. Nobody can guess it, and nothing can be read from
/// it but which order it is.
#[must_use]
pub fn sign(keys: &Keys, tenant: TenantNumber, order: OrderId) -> String {
    let version = keys.newest().to_be_bytes();
    let claim = [&version[..], &tenant.0.to_be_bytes(), order.0.as_bytes()].concat();
    let seal = keys.seal(keys.newest(), &[PURPOSE, &claim]).unwrap_or_default();
    URL_SAFE_NO_PAD.encode([claim, seal].concat())
}

/// Opens a token that one of the keys has signed.
#[must_use]
pub fn open(keys: &Keys, token: &str) -> Option<(TenantNumber, OrderId)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (claim, seal) = bytes.split_first_chunk::<CLAIM_BYTES>()?;
    let (version, rest) = claim.split_first_chunk::<4>()?;
    let (tenant, order) = rest.split_first_chunk::<4>()?;
    if !keys.is_sealed(u32::from_be_bytes(*version), &[PURPOSE, claim], seal) {
        return None;
    }
    let order = OrderId(Uuid::from_bytes(order.try_into().ok()?));
    Some((TenantNumber(i32::from_be_bytes(*tenant)), order))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use domain::id::{OrderId, TenantNumber};
    use uuid::Uuid;

    use super::{open, sign};
    use crate::unsubscribe::Keys;

    #[test]
    fn a_link_opens_its_order_and_no_changed_one_opens() {
        let keys = Keys::parse(&format!("1:{}", STANDARD.encode([7; 32]))).unwrap();
        let (tenant, order) = (TenantNumber(42), OrderId(Uuid::now_v7()));
        let token = sign(&keys, tenant, order);
        assert_eq!(open(&keys, &token), Some((tenant, order)));
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for position in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[position] ^= 1;
            assert_eq!(open(&keys, &URL_SAFE_NO_PAD.encode(&forged)), None, "byte {position}");
            assert_eq!(open(&keys, &URL_SAFE_NO_PAD.encode(&bytes[..position])), None);
        }
    }
}
