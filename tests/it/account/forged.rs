use app::token::{Claims, Key, KeyState};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use local::keys::token_key;
use serde_json::{Value, json};

use super::{current, shop, sound};

/// What a token is made of, before it is signed: texts, so that they need not be sound JSON.
struct Forgery {
    header: String,
    claims: String,
}

impl Forgery {
    fn of(claims: &Claims) -> Self {
        let header = json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": current().kid });
        Self { header: header.to_string(), claims: json!(claims).to_string() }
    }

    fn header(mut self, change: impl FnOnce(&mut Value)) -> Self {
        self.header = changed(&self.header, change);
        self
    }

    fn claims(mut self, change: impl FnOnce(&mut Value)) -> Self {
        self.claims = changed(&self.claims, change);
        self
    }

    fn message(&self) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}", part(&self.header), part(&self.claims))
    }

    fn signed(&self, key: &Key) -> String {
        let secret = EncodingKey::from_ed_pem(key.private_key_pem.as_bytes()).unwrap();
        self.sealed(&secret, Algorithm::EdDSA)
    }

    fn sealed(&self, secret: &EncodingKey, algorithm: Algorithm) -> String {
        let message = self.message();
        let signature = crypto::sign(message.as_bytes(), secret, algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

fn changed(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value = serde_json::from_str(text).unwrap();
    change(&mut value);
    value.to_string()
}

#[tokio::test]
async fn no_forged_token_opens_anything() {
    let world = shop().await;
    let sound = sound(&world).await;
    let honest = Forgery::of(&sound).signed(&current());
    world.get("/v1/metrics", &honest).await.expect(200);
    let forged: Vec<(String, String)> = [
        unsigned(&sound),
        signed_otherwise(&sound),
        strange_headers(&sound),
        missing_and_wrong_claims(&sound),
        wrong_times(&sound),
        broken(&sound, &honest),
    ]
    .concat();
    assert!(forged.len() >= 40, "only {} forgeries", forged.len());
    for (name, token) in forged {
        let answer = world.get("/v1/metrics", &token).await;
        assert_eq!(answer.status, 401, "{name}: {}", answer.text());
        assert_eq!(answer.json["code"], "unauthenticated", "{name}");
    }
}

fn named(name: impl Into<String>, token: String) -> (String, String) {
    (name.into(), token)
}

fn unsigned(sound: &Claims) -> Vec<(String, String)> {
    let algorithms = ["none", "None", "NONE", "nOnE", ""];
    let mut forged: Vec<_> = algorithms
        .iter()
        .map(|none| {
            let message = Forgery::of(sound).header(|header| header["alg"] = json!(none)).message();
            named(format!("alg `{none}`"), format!("{message}."))
        })
        .collect();
    let message = Forgery::of(sound).message();
    forged.push(named("an empty signature", format!("{message}.")));
    forged.push(named("no signature", message.clone()));
    let zeros = URL_SAFE_NO_PAD.encode([0; 64]);
    forged.push(named("a signature of zeros", format!("{message}.{zeros}")));
    forged
}

fn signed_otherwise(sound: &Claims) -> Vec<(String, String)> {
    let thief = token_key(&[66; 32], &current().kid, KeyState::Current);
    let public = URL_SAFE_NO_PAD.decode(current().x).unwrap();
    let symmetric = |algorithm, name: &str, secret: &[u8]| {
        let forgery = Forgery::of(sound).header(|header| header["alg"] = json!(name));
        forgery.sealed(&EncodingKey::from_secret(secret), algorithm)
    };
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": thief.kid, "x": thief.x });
    let embedded = Forgery::of(sound).header(|header| header["jwk"] = jwk);
    let claimed = |algorithm: &str| {
        let forgery = Forgery::of(sound).header(|header| header["alg"] = json!(algorithm));
        named(format!("alg `{algorithm}`"), forgery.signed(&current()))
    };
    let [one, other] =
        [Forgery::of(sound), Forgery::of(sound).claims(|claims| claims["bearer"] = json!("owner"))];
    let signature = one.signed(&current()).rsplit_once('.').unwrap().1.to_owned();
    vec![
        named("another's key", Forgery::of(sound).signed(&thief)),
        named("another's key, embedded", embedded.signed(&thief)),
        named("HS256 of the public key", symmetric(Algorithm::HS256, "HS256", &public)),
        named("HS256 of its text", symmetric(Algorithm::HS256, "HS256", current().x.as_bytes())),
        named("HS512 of the public key", symmetric(Algorithm::HS512, "HS512", &public)),
        named("HS256 of nothing", symmetric(Algorithm::HS256, "HS256", b"")),
        claimed("ES256"),
        claimed("RS256"),
        claimed("PS512"),
        claimed("EdDSA "),
        named("another token's signature", format!("{}.{signature}", other.message())),
    ]
}

fn strange_headers(sound: &Claims) -> Vec<(String, String)> {
    let thief = token_key(&[66; 32], "d", KeyState::Current);
    let set = |name: &str, value: Value| {
        let forgery = Forgery::of(sound).header(|header| header[name] = value.clone());
        named(format!("{name}: {value}"), forgery.signed(&current()))
    };
    let without = |name: &str| {
        let remove = |header: &mut Value| drop(header.as_object_mut().unwrap().remove(name));
        named(format!("no {name}"), Forgery::of(sound).header(remove).signed(&current()))
    };
    let mut forged = vec![without("typ"), without("alg"), without("kid")];
    for kid in ["", "d", "B", "../b", "../../../../dev/null", "b\u{0}", "' or 1=1 --", "/dev/null"]
    {
        forged.push(set("kid", json!(kid)));
    }
    forged.extend([
        set("kid", json!(1)),
        set("kid", json!(["b"])),
        set("typ", json!("JWT")),
        set("typ", json!("refresh+jwt")),
        set("crit", json!(["exp"])),
        set("crit", json!([])),
        set("jku", json!("https://thief.example/jwks.json")),
        set("x5u", json!("https://thief.example/cert.pem")),
        set("x5c", json!(["MIIB"])),
        set("jwk", json!({ "kty": "OKP", "crv": "Ed25519", "x": thief.x })),
        set("zip", json!("DEF")),
        set("cty", json!("JWT")),
        set("b64", json!(false)),
    ]);
    let twice = Forgery::of(sound).header.replacen('{', r#"{"kid":"d","#, 1);
    forged.push(named(
        "kid twice",
        Forgery { header: twice, ..Forgery::of(sound) }.signed(&current()),
    ));
    forged
}

fn missing_and_wrong_claims(sound: &Claims) -> Vec<(String, String)> {
    let set = |name: &str, value: Value| {
        let forgery = Forgery::of(sound).claims(|claims| claims[name] = value.clone());
        named(format!("{name}: {value}"), forgery.signed(&current()))
    };
    let mut forged: Vec<_> =
        ["iss", "aud", "sub", "exp", "nbf", "iat", "tenant", "bearer", "scopes"]
            .iter()
            .map(|name| {
                let remove =
                    |claims: &mut Value| drop(claims.as_object_mut().unwrap().remove(*name));
                named(format!("no {name}"), Forgery::of(sound).claims(remove).signed(&current()))
            })
            .collect();
    forged.extend([
        set("iss", json!("https://thief.example")),
        set("iss", json!("")),
        set("iss", json!([sound.iss, "https://thief.example"])),
        set("aud", json!("another-service")),
        set("aud", json!(["another-service"])),
        set("sub", json!(7)),
        set("sub", json!("somebody")),
        set("sub", json!("7a6e0000-0000-7000-8000-00000000ffff")),
        set("bearer", json!("root")),
        set("bearer", json!("person")),
        set("tenant", json!("7a6e0000-0000-7000-8000-00000000ffff")),
        set("tenant", json!(1)),
        set("scopes", json!(["everything"])),
    ]);
    for name in ["exp", "tenant", "bearer", "scopes"] {
        let value = json!(sound)[name].clone();
        let twice = Forgery::of(sound).claims.replacen('{', &format!("{{\"{name}\":{value},"), 1);
        let forgery = Forgery { claims: twice, ..Forgery::of(sound) };
        forged.push(named(format!("{name} twice"), forgery.signed(&current())));
    }
    forged
}

fn wrong_times(sound: &Claims) -> Vec<(String, String)> {
    let exp = sound.exp;
    let raw = |name: &str, text: &str| {
        let mark = json!(sound)[name].to_string();
        let claims = Forgery::of(sound).claims;
        let claims =
            claims.replacen(&format!("\"{name}\":{mark}"), &format!("\"{name}\":{text}"), 1);
        let forgery = Forgery { claims, ..Forgery::of(sound) };
        named(format!("{name}: {text}"), forgery.signed(&current()))
    };
    let times = [
        format!("\"{exp}\""),
        "\"never\"".to_owned(),
        format!("{exp}.5"),
        format!("{exp}.0"),
        "-1".to_owned(),
        "0".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "1e300".to_owned(),
        i64::MAX.to_string(),
        u64::MAX.to_string(),
        "99999999999999999999999999".to_owned(),
        (sound.nbf - 30).to_string(),
    ];
    let mut forged: Vec<_> = times.iter().map(|text| raw("exp", text)).collect();
    for text in [format!("{}", sound.nbf + 31), i64::MAX.to_string(), "\"0\"".into(), "0.5".into()]
    {
        forged.push(raw("nbf", &text));
    }
    forged
}

fn broken(sound: &Claims, honest: &str) -> Vec<(String, String)> {
    let parts: Vec<&str> = honest.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("a token has three parts") };
    let owner = Forgery::of(sound).claims(|claims| claims["bearer"] = json!("owner")).message();
    let long = Forgery::of(sound).claims(|claims| claims["sub"] = json!("a".repeat(1 << 20)));
    let bits = format!("{}{}", &honest[..honest.len() - 1], flipped(honest));
    vec![
        named("1 MB", long.signed(&current())),
        named("claims changed", format!("{owner}.{signature}")),
        named("unused bits of the signature", bits),
        named("padded", format!("{honest}==")),
        named("a part more", format!("{honest}.{signature}")),
        named("a part before", format!("{header}.{honest}")),
        named("claims empty", format!("{header}..{signature}")),
        named("header empty", format!(".{claims}.{signature}")),
        named("dots", "..".to_owned()),
        named("a word", "token".to_owned()),
        named("two tokens", format!("{honest},{honest}")),
        named("not base64", format!("{header}.%7B%7D.{signature}")),
    ]
}

/// The last character with its lowest bit changed: it carries four bits that mean nothing.
fn flipped(honest: &str) -> char {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let position = ALPHABET.find(honest.chars().next_back().unwrap()).unwrap();
    ALPHABET.chars().nth(position ^ 1).unwrap()
}
