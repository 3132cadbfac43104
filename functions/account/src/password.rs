use std::sync::OnceLock;
use std::time::Duration;

use app::{Problem, entropy};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::person::Password;
use tokio::sync::{Semaphore, SemaphorePermit};

/// 19 MiB, twice over, one lane: the first of what OWASP's Password Storage Cheat Sheet advises.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// So many are hashed at once: each takes its memory, and a function has 512 MB.
static PERMITS: Semaphore = Semaphore::const_new(2);
/// Who waits longer is told to come back.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who knows fewer guesses than 10^6 of a password gets in by trying online (zxcvbn's score 2).
const SCORE_MIN: u8 = 2;

/// What came of a password that was shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is another one, or there is nobody to compare it with.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and its hash was made with parameters of another time.
    Outdated,
}

/// Takes what somebody chose, unless it is among what is guessed first.
pub(crate) fn chosen(field: &str, text: String, about: &[&str]) -> Result<Password, Problem> {
    let password =
        Password::parse(text).map_err(|weak| Problem::invalid(field, weak.to_string()))?;
    // It reads no more than the first hundred characters.
    let guessed = zxcvbn::zxcvbn(password.reveal(), about);
    if u8::from(guessed.score()) < SCORE_MIN {
        let told = "this password is among the first that are guessed; a few words that nobody \
                    would put together are better";
        return Err(Problem::invalid(field, told));
    }
    Ok(password)
}

/// Hashes a password.
pub(crate) async fn hash(password: Password) -> Result<String, Problem> {
    let permit = permit().await?;
    blocking(permit, move || hashed(password.reveal())).await?
}

/// Compares a password with a hash. Without one it takes as long: nobody learns who has an
/// account.
pub(crate) async fn fit(text: String, known: Option<String>) -> Result<Fit, Problem> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let permit = permit().await?;
    blocking(permit, move || {
        let nobody = match NOBODY.get() {
            Some(hash) => hash,
            None => {
                let hash = hashed("nobody")?;
                NOBODY.get_or_init(|| hash)
            }
        };
        let hash = known.as_ref().unwrap_or(nobody);
        let parsed = PasswordHash::new(hash).map_err(|error| internal(&error))?;
        let fits = argon2().verify_password(text.as_bytes(), &parsed).is_ok();
        if !fits || known.is_none() {
            return Ok(Fit::Wrong);
        }
        let params = Params::try_from(&parsed).map_err(|error| internal(&error))?;
        let today = (MEMORY_KIB, PASSES, LANES);
        let is_today = (params.m_cost(), params.t_cost(), params.p_cost()) == today;
        Ok(if is_today { Fit::Right } else { Fit::Outdated })
    })
    .await?
}

fn hashed(text: &str) -> Result<String, Problem> {
    let salt = SaltString::encode_b64(&entropy::<16>()).map_err(|error| internal(&error))?;
    let hash = argon2().hash_password(text.as_bytes(), &salt).map_err(|error| internal(&error))?;
    Ok(hash.to_string())
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("OWASP's are allowed");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

async fn permit() -> Result<SemaphorePermit<'static>, Problem> {
    match tokio::time::timeout(PATIENCE, PERMITS.acquire()).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(Problem::unavailable("too many passwords wait to be checked")),
    }
}

/// It takes tens of milliseconds of a processor, which others share. The permit goes with it:
/// a call that is given up goes on hashing.
async fn blocking<T: Send + 'static>(
    permit: SemaphorePermit<'static>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let held = move || {
        let done = work();
        drop(permit);
        done
    };
    tokio::task::spawn_blocking(held).await.map_err(Problem::internal)
}

fn internal(error: &impl ToString) -> Problem {
    Problem::internal(error.to_string())
}
