use domain::credit::{Code, Credit};
use domain::id::TenantNumber;
use store::credits;

use crate::caller::Caller;
use crate::unsubscribe::Keys;
use crate::{App, Problem, ProblemCode};

const MADE: &[u8] = b"credit-code";
const KEPT: &[u8] = b"credit-hash";

/// The code of a gift card that a call asks for, made with the newest of our keys, and that key.
/// It follows from the key of the call, so that whoever lost the answer gets the same one again;
/// without ours nobody can make it, and it is kept nowhere.
///
/// # Errors
/// When there are no keys.
pub fn new_code(app: &App, tenant: TenantNumber, call: &str) -> Result<(Code, u32), Problem> {
    let version = keys(app)?.newest();
    code_again(app, tenant, (call, version)).map(|code| (code, version))
}

/// The code that the same call was answered with.
///
/// # Errors
/// When the key that made it is gone.
pub fn code_again(
    app: &App,
    tenant: TenantNumber,
    (call, version): (&str, u32),
) -> Result<Code, Problem> {
    let seal = keys(app)?.seal(version, &[MADE, &tenant.0.to_be_bytes(), call.as_bytes()]);
    let seal = seal.and_then(|seal| <[u8; 16]>::try_from(seal).ok());
    let seal = seal.ok_or_else(|| Problem::internal("the key of a gift card's code is gone"))?;
    Ok(Code::from_number(u128::from_be_bytes(seal)))
}

/// What is kept of a code: its hash under one of our keys, so that a copy of the database alone
/// tells nobody which codes are good.
///
/// # Errors
/// When there is no such key.
pub fn code_hash(
    app: &App,
    tenant: TenantNumber,
    (code, version): (&Code, u32),
) -> Result<Vec<u8>, Problem> {
    let seal = keys(app)?.seal(version, &kept(&tenant.0.to_be_bytes(), code));
    seal.ok_or_else(|| Problem::internal("there is no key for the code of a gift card"))
}

/// The gift card or store credit of a code that somebody typed. Every look counts against the
/// caller's minute, found or not: else a browser's key, which everybody has, could guess.
///
/// # Errors
/// A problem at the field `code`: it is no code, there is none of it, or too many were looked up.
pub async fn by_code(app: &App, caller: &Caller, typed: &str) -> Result<Credit, Problem> {
    let code = Code::parse(typed).map_err(|error| Problem::invalid("code", error.to_string()))?;
    let (key_value, now) = (app.key_value.as_ref(), app.clock.now());
    let granted = app.limiter().take(key_value, caller.allowance.of_codes(), 1, now).await?;
    if !granted.granted {
        let told = format!("{} codes were looked up this minute; wait a little", granted.limit);
        return Err(Problem::new(ProblemCode::RateLimited, told).retry_after(granted.reset_s));
    }
    let tenant = caller.tenant.number;
    let hashes = keys(app)?.seals(&kept(&tenant.0.to_be_bytes(), &code));
    let found = credits::by_code(&app.db, tenant, &hashes).await?;
    found.ok_or_else(|| Problem::not_found("gift card of that code; check it").at("code"))
}

fn kept<'a>(tenant: &'a [u8; 4], code: &'a Code) -> [&'a [u8]; 3] {
    [KEPT, tenant, code.as_str().as_bytes()]
}

fn keys(app: &App) -> Result<Keys, Problem> {
    Keys::parse(&app.config.unsubscribe_keys).map_err(Problem::internal)
}
