use app::attempts;
use app::caller::Person as Caller;
use app::extract::Body;
use app::sealed;
use app::{App, Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use domain::limit;
use domain::person::{RECOVERY_CODES, matching_step, recovery_code};
use http::{StatusCode, header};
use store::people::{self, Factor, FactorUse, Person};
use uuid::Uuid;

use crate::profile;
use crate::wire::{CodeIn, ConfirmIn, FactorOut, RecoveryOut, RemoveFactorIn};

const NOT_KEPT: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// Begin with a second factor
///
/// Answers what an authenticator app needs. It is asked for once its first code was confirmed.
#[utoipa::path(
    post, path = "/v1/account/factor", operation_id = "begin_factor", tag = "account",
    request_body = ConfirmIn,
    responses(
        (status = 200, description = "What the app needs", body = FactorOut),
        (status = 401, description = "The password is wrong"),
        (status = 409, description = "There is one; remove it first"),
    )
)]
pub(crate) async fn begin(
    State(app): State<App>,
    caller: Caller,
    Body(shown): Body<ConfirmIn>,
) -> Result<impl IntoResponse, Problem> {
    let person = profile::confirmed(&app, &caller, shown.password).await?;
    if person.factor.is_some_and(|factor| factor.confirmed_at.is_some()) {
        let told = "there is a second factor; remove it first";
        return Err(Problem::new(ProblemCode::Conflict, told));
    }
    let key = sealed::newest_key(&app).map_err(Problem::internal)?;
    let id = Uuid::now_v7();
    let factor = Factor { id, key, confirmed_at: None, step: 0, recovered: 0 };
    people::set_factor(&app.db, person.id, Some(&factor)).await?;
    let secret = sealed::factor_secret(&app, id, key).map_err(Problem::internal)?;
    Ok((NOT_KEPT, Json(FactorOut::of(&secret, &person.email))))
}

/// Confirm a second factor
///
/// With the first code of the app. The answer has ten recovery codes, each of which is good once
/// in the place of the app's: keep them where the app is not.
#[utoipa::path(
    post, path = "/v1/account/factor/confirm", operation_id = "confirm_factor", tag = "account",
    request_body = CodeIn,
    responses(
        (status = 200, description = "It is asked for from now on", body = RecoveryOut),
        (status = 401, description = "The code is wrong"),
        (status = 409, description = "There is none to confirm"),
    )
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Body(shown): Body<CodeIn>,
) -> Result<impl IntoResponse, Problem> {
    attempts::count(&app, limit::CONFIRM, &caller.id.to_string()).await?;
    let person = profile::find(&app, &caller).await?;
    let factor = person.factor.filter(|factor| factor.confirmed_at.is_none()).ok_or_else(|| {
        Problem::new(ProblemCode::Conflict, "there is no second factor to confirm")
    })?;
    let used = step_of(&app, &factor, &shown.code)?.ok_or_else(wrong_code)?;
    take(&app, &person, &factor, FactorUse::Step(used)).await?;
    let recovery_codes = recovery_codes(&app, &factor)?;
    Ok((NOT_KEPT, Json(RecoveryOut { recovery_codes })))
}

/// Remove the second factor
#[utoipa::path(
    post, path = "/v1/account/factor/remove", operation_id = "remove_factor", tag = "account",
    request_body = RemoveFactorIn,
    responses(
        (status = 204, description = "The password is enough"),
        (status = 401, description = "The password or the code is wrong"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Body(shown): Body<RemoveFactorIn>,
) -> Result<StatusCode, Problem> {
    let person = profile::confirmed(&app, &caller, shown.password).await?;
    check(&app, &person, shown.code.as_deref()).await?;
    people::set_factor(&app.db, person.id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks who has a second factor for a code of it: the app's, or one for recovery.
pub(crate) async fn check(app: &App, person: &Person, shown: Option<&str>) -> Result<(), Problem> {
    let Some(factor) = person.factor.filter(|factor| factor.confirmed_at.is_some()) else {
        return Ok(());
    };
    let shown = shown.map(str::trim).filter(|code| !code.is_empty()).ok_or_else(|| {
        Problem::new(
            ProblemCode::FactorRequired,
            "send the `code` of your authenticator app, or a recovery code",
        )
    })?;
    let used = match step_of(app, &factor, shown)? {
        Some(step) => FactorUse::Step(step),
        None => recovery(app, &factor, shown)?.ok_or_else(wrong_code)?,
    };
    take(app, person, &factor, used).await
}

async fn take(app: &App, person: &Person, factor: &Factor, used: FactorUse) -> Result<(), Problem> {
    match people::use_factor(&app.db, person.id, factor, used, app.clock.now()).await {
        Err(error) if error.refusal().is_some() => Err(wrong_code()),
        other => Ok(other?),
    }
}

fn step_of(app: &App, factor: &Factor, code: &str) -> Result<Option<i64>, Problem> {
    let secret = sealed::factor_secret(app, factor.id, factor.key).map_err(Problem::internal)?;
    Ok(matching_step(&secret, code, app.clock.now().as_second(), factor.step))
}

fn recovery(app: &App, factor: &Factor, code: &str) -> Result<Option<FactorUse>, Problem> {
    let code = code.to_uppercase();
    let codes = recovery_codes(app, factor)?;
    let found = codes.iter().position(|known| *known == code);
    let unused = found.filter(|number| factor.recovered & (1 << number) == 0);
    Ok(unused.map(FactorUse::Recovery))
}

fn recovery_codes(app: &App, factor: &Factor) -> Result<Vec<String>, Problem> {
    let numbers = (0_u8..).take(RECOVERY_CODES);
    let code = |number| {
        let made = sealed::recovery_secret(app, factor.id, factor.key, number);
        made.map(|made| recovery_code(&made)).map_err(Problem::internal)
    };
    numbers.map(code).collect()
}

fn wrong_code() -> Problem {
    Problem::new(ProblemCode::Unauthenticated, "the code is wrong, or was used")
}
