const DECIMALS: usize = 6;
const WHOLE_DIGITS: usize = 12;
/// Up to here an `f64` holds every whole number.
const EXACT: i128 = 1 << 53;

/// A decimal number: `mantissa` by ten to the power of `-scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    mantissa: i64,
    scale: u32,
}

impl Decimal {
    /// Reads digits with at most one point among or before them, and a sign perhaps. Commas,
    /// currency signs and exponents have more than one reading, so they have none here.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            all => (false, all),
        };
        let point = digits.iter().position(|&byte| byte == b'.');
        let whole = point.unwrap_or(digits.len());
        let decimals = digits.len() - whole - usize::from(point.is_some());
        if whole > WHOLE_DIGITS || decimals > DECIMALS || whole + decimals == 0 {
            return None;
        }
        let mut mantissa = 0;
        for (index, byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => mantissa = mantissa * 10 + i64::from(byte - b'0'),
                b'.' if point == Some(index) => {}
                _ => return None,
            }
        }
        let scale = u32::try_from(decimals).ok()?;
        Some(Self { mantissa: if negative { -mantissa } else { mantissa }, scale })
    }

    pub(super) fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    pub(super) fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    pub(super) fn to_f64(self) -> f64 {
        self.mantissa as f64 / 10_f64.powi(self.scale.cast_signed())
    }

    /// The magnitude of the product in minor units, rounded half up.
    pub(super) fn amount(self, price: Self, exponent: u32) -> Option<i64> {
        let product = i128::from(self.mantissa) * i128::from(price.mantissa);
        let minor = product.abs() * 10_i128.pow(exponent);
        let divisor = 10_i128.pow(self.scale + price.scale);
        let rounded = (minor + divisor / 2) / divisor;
        i64::try_from(rounded).ok().filter(|_| rounded <= EXACT)
    }
}
