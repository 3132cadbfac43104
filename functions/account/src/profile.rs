use app::attempts::{self, ClientAddress};
use app::caller::Person as Caller;
use app::extract::Body;
use app::{App, Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use domain::limit;
use domain::person::CodePurpose;
use http::StatusCode;
use store::people::{self, Person};
use store::sessions;

use crate::password::{self, Fit};
use crate::registering::{address, count_letter, name};
use crate::sessions::left;
use crate::wire::{
    AccountExportOut, AccountOut, AccountPatchIn, ChangeEmailIn, ChangePasswordIn, DeleteAccountIn,
    SessionOut,
};
use crate::{factor, letters};

/// Who you are, and to which tenants you belong
#[utoipa::path(
    get, path = "/v1/account", tag = "account",
    responses((status = 200, description = "You", body = AccountOut))
)]
pub(crate) async fn get_account(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<AccountOut>, Problem> {
    let person = find(&app, &caller).await?;
    let tenants = people::memberships(&app.db, caller.id).await?;
    Ok(Json(AccountOut::of(&person, &caller, tenants)))
}

/// Change your name
#[utoipa::path(
    patch, path = "/v1/account", tag = "account",
    request_body = AccountPatchIn,
    responses(
        (status = 200, description = "You", body = AccountOut),
        (status = 422, description = "A field is not valid"),
    )
)]
pub(crate) async fn patch_account(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<AccountPatchIn>,
) -> Result<Json<AccountOut>, Problem> {
    people::rename(&app.db, caller.id, &name(Some(wanted.name))?).await?;
    get_account(State(app), caller).await
}

/// Change your password
///
/// Every session ends, this one among them.
#[utoipa::path(
    post, path = "/v1/account/password", tag = "account",
    request_body = ChangePasswordIn,
    responses(
        (status = 204, description = "Log in with the new one"),
        (status = 401, description = "The password is wrong"),
        (status = 422, description = "The new one is guessed too soon"),
    )
)]
pub(crate) async fn change_password(
    State(app): State<App>,
    caller: Caller,
    Body(wanted): Body<ChangePasswordIn>,
) -> Result<Response, Problem> {
    let person = confirmed(&app, &caller, wanted.password).await?;
    let about = [person.email.as_str(), person.name.as_str()];
    let new = password::chosen("new_password", wanted.new_password, &about)?;
    let hash = password::hash(new).await?;
    people::change_password(&app.db, person.id, &hash, app.clock.now()).await?;
    Ok(left(true))
}

/// Change your address
///
/// A letter goes to the new one; it is yours once the code in it was used.
#[utoipa::path(
    post, path = "/v1/account/email", tag = "account",
    request_body = ChangeEmailIn,
    responses(
        (status = 202, description = "A letter is on its way"),
        (status = 401, description = "The password is wrong"),
        (status = 422, description = "No address"),
        (status = 429, description = "Too many letters"),
    )
)]
pub(crate) async fn change_email(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
    Body(wanted): Body<ChangeEmailIn>,
) -> Result<StatusCode, Problem> {
    attempts::count_from(&app, limit::LETTERS_FROM, from).await?;
    let email = address("email", &wanted.email)?;
    let person = confirmed(&app, &caller, wanted.password).await?;
    count_letter(&app, &email).await?;
    let code = letters::code(&app, CodePurpose::Email, email).await?;
    people::code(&app.db, person.id, &code).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Everything we keep of you
#[utoipa::path(
    get, path = "/v1/account/export", operation_id = "export_account", tag = "account",
    responses((status = 200, description = "All of it", body = AccountExportOut))
)]
pub(crate) async fn export(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<AccountExportOut>, Problem> {
    let person = find(&app, &caller).await?;
    let tenants = people::memberships(&app.db, caller.id).await?;
    let sessions = sessions::list(&app.db, caller.id).await?;
    Ok(Json(AccountExportOut {
        account: AccountOut::of(&person, &caller, tenants),
        verified_at: person.verified_at.map(|at| at.to_string()),
        sessions: sessions.into_iter().map(|it| SessionOut::of(it, caller.session)).collect(),
    }))
}

/// Delete your account
///
/// With everything that is yours alone. What you did in a tenant stays in its history, under an id
/// that leads to nobody any more. Whoever is the last owner of a tenant makes another one first.
#[utoipa::path(
    post, path = "/v1/account/delete", operation_id = "delete_account", tag = "account",
    request_body = DeleteAccountIn,
    responses(
        (status = 204, description = "Gone"),
        (status = 401, description = "The password or the code is wrong"),
        (status = 409, description = "You are the last owner of a tenant"),
    )
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Body(shown): Body<DeleteAccountIn>,
) -> Result<Response, Problem> {
    let person = confirmed(&app, &caller, shown.password).await?;
    factor::check(&app, &person, shown.code.as_deref()).await?;
    match people::delete(&app.db, person.id).await {
        Ok(()) => Ok(left(true)),
        Err(error) if error.refusal() == Some("a tenant keeps an owner") => Err(Problem::new(
            ProblemCode::Conflict,
            "you are the last owner of a tenant; make another owner first (`GET /v1/account` \
             lists them)",
        )),
        Err(error) => Err(error.into()),
    }
}

pub(crate) async fn find(app: &App, caller: &Caller) -> Result<Person, Problem> {
    people::by_id(&app.db, caller.id)
        .await?
        .ok_or_else(|| Problem::new(ProblemCode::Unauthenticated, "the account is gone"))
}

/// The person, once they have shown their password again.
pub(crate) async fn confirmed(
    app: &App,
    caller: &Caller,
    password: String,
) -> Result<Person, Problem> {
    attempts::count(app, limit::CONFIRM, &caller.id.to_string()).await?;
    let person = find(app, caller).await?;
    match password::fit(password, person.password_hash.clone()).await? {
        Fit::Right | Fit::Outdated => Ok(person),
        Fit::Wrong => Err(Problem::new(ProblemCode::Unauthenticated, "the password is wrong")),
    }
}
