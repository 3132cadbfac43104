use serde::{Deserialize, Serialize};

/// Whose pages a browser shows, as it says so itself: `https://shop.example`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

/// Why a text is no origin that a browser would send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an origin is a scheme and a host in small letters, and a port where it is not the usual one: \
     `https://shop.example`, without a path or a slash at the end"
)]
pub struct NotAnOrigin;

/// A host name has no more characters.
const HOST: usize = 253;

impl Origin {
    /// Checks that a browser would write it just so: origins are compared letter by letter.
    ///
    /// # Errors
    /// [`NotAnOrigin`].
    pub fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        let (scheme, rest) = text.split_once("://").ok_or(NotAnOrigin)?;
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        };
        let small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme.bytes().all(|byte| small(byte) || b"+-.".contains(&byte));
        let is_host = (1..=HOST).contains(&host.len())
            && host.bytes().all(|byte| small(byte) || b"-._".contains(&byte));
        let is_usual = matches!((scheme, port), ("https", Some("443")) | ("http", Some("80")));
        let is_port = port.is_none_or(|port| {
            !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok() && !is_usual
        });
        let sound = is_scheme && is_host && is_port;
        sound.then(|| Self(text.to_owned())).ok_or(NotAnOrigin)
    }

    /// As a browser sends it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for sound in
            ["https://shop.example", "http://localhost:3000", "app://localhost", "http://10.0.0.1"]
        {
            assert_eq!(Origin::parse(sound).unwrap().as_str(), sound);
        }
        for wrong in [
            "null",
            "*",
            "shop.example",
            "https://",
            "https://Shop.example",
            "https://shop.example/",
            "https://shop.example:443",
            "https://shop.example:0",
            "https://shop.example:+1",
            "https://*.shop.example",
            "https://user@shop.example",
            "1://shop.example",
        ] {
            assert_eq!(Origin::parse(wrong), Err(NotAnOrigin), "{wrong}");
        }
    }
}
