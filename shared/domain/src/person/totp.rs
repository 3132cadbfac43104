use hmac::{Hmac, Mac};
use sha1::Sha1;

/// Codes for when the app is lost: so many are given, each is good once.
pub const RECOVERY_CODES: usize = 10;

/// Seconds of a code (RFC 6238, section 4.1).
const STEP_S: i64 = 30;
/// Steps by which a clock may be off, to both sides (RFC 6238, section 5.2).
const DRIFT: i64 = 1;
const DIGITS: u32 = 6;
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// The step of time whose code this is, unless it is none, or one that was used.
#[must_use]
pub fn matching_step(secret: &[u8], code: &str, now_s: i64, used: i64) -> Option<i64> {
    let now = now_s.div_euclid(STEP_S);
    let mut steps = (now - DRIFT)..=(now + DRIFT);
    // Every step is compared, so that time tells nothing.
    let fitting = steps.by_ref().filter(|step| is_same(&code_of(secret, *step), code.trim()));
    fitting.last().filter(|step| *step > used)
}

/// The code of a step (RFC 4226, section 5.3).
fn code_of(secret: &[u8], step: i64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash[19] & 0xf);
    let word = [hash[offset] & 0x7f, hash[offset + 1], hash[offset + 2], hash[offset + 3]];
    let number = u32::from_be_bytes(word) % 10_u32.pow(DIGITS);
    format!("{number:0width$}", width = DIGITS as usize)
}

fn is_same(one: &str, other: &str) -> bool {
    let differing = one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differing == 0
}

/// A recovery code of what a key made for it: ten letters and digits that are not mistaken for
/// each other, 50 bits.
#[must_use]
pub fn recovery_code(derived: &[u8; 32]) -> String {
    let letters = derived.iter().take(10).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let code: String = letters.collect();
    format!("{}-{}", &code[..5], &code[5..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_of(secret, second / 30), code, "{second}");
        }
    }

    #[test]
    fn a_code_is_good_for_a_minute_and_a_half_and_once() {
        let secret = b"12345678901234567890";
        let now = 1_234_567_890;
        let step = now / 30;
        for off in -2..=2 {
            let code = code_of(secret, step + off);
            let expected = (off.abs() <= 1).then_some(step + off);
            assert_eq!(matching_step(secret, &code, now, 0), expected, "{off}");
            assert_eq!(matching_step(secret, &code, now, step + off), None, "{off} again");
        }
        for wrong in ["", "12345", "1234567", "abcdef", "００５９２４"] {
            assert_eq!(matching_step(secret, wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn a_recovery_code_can_be_read_aloud() {
        let code = recovery_code(&[7; 32]);
        assert_eq!(code.len(), 11);
        assert_eq!(code, recovery_code(&[7; 32]));
    }
}
