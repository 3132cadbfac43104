use app::attempts::{self, ClientAddress};
use app::extract::{Body, Path};
use app::{App, Problem, ProblemCode, template};
use axum::extract::State;
use axum::response::{Html, IntoResponse};
use domain::id::PersonId;
use domain::limit;
use domain::person::CodePurpose;
use domain::report::Address;
use http::{HeaderName, StatusCode, header};
use store::people::{self, CodeUse, Person};
use uuid::Uuid;

use crate::wire::{ForgotIn, RegisterIn, ResetIn};
use crate::{letters, password};

const PAGE: &str = include_str!("page.html");

/// Nothing is loaded, framed, indexed or kept, and no code leaks to where a link leads.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// Register
///
/// Always answers the same: a letter tells the owner of the address what there is to do. Until the
/// address is verified, registering it again replaces what was sent before.
#[utoipa::path(
    post, path = "/v1/account", tag = "account",
    request_body = RegisterIn,
    responses(
        (status = 202, description = "A letter is on its way"),
        (status = 422, description = "A field is not valid"),
        (status = 429, description = "Too many registrations, or letters to this address"),
    )
)]
pub(crate) async fn register(
    State(app): State<App>,
    from: ClientAddress,
    Body(wanted): Body<RegisterIn>,
) -> Result<StatusCode, Problem> {
    attempts::count_from(&app, limit::REGISTER_FROM, from).await?;
    let email = address("email", &wanted.email)?;
    let name = name(wanted.name)?;
    let password = password::chosen("password", wanted.password, &[email.as_str(), &name])?;
    count_letter(&app, &email).await?;
    let password_hash = Some(password::hash(password).await?);
    let known = people::by_email(&app.db, email.as_str()).await?;
    let (id, purpose) = match &known {
        Some(known) if known.verified_at.is_some() => (known.id, CodePurpose::Known),
        Some(known) => (known.id, CodePurpose::Verify),
        None => (PersonId(Uuid::now_v7()), CodePurpose::Verify),
    };
    let code = letters::code(&app, purpose, email.clone()).await?;
    if purpose == CodePurpose::Known {
        people::code(&app.db, id, &code).await?;
        return Ok(StatusCode::ACCEPTED);
    }
    let (email, factor) = (email.to_string(), None);
    let person = Person { id, email, name, password_hash, verified_at: None, factor };
    match people::register(&app.db, &person, &code).await {
        // Somebody else registered it at the same moment, and has the letter.
        Err(error) if !error.is_conflict() => Err(error.into()),
        _ => Ok(StatusCode::ACCEPTED),
    }
}

/// Show the page on which an address is verified
///
/// Opening it changes nothing: programs that scan mail open every link.
#[utoipa::path(
    get, path = "/v1/account/verify/{code}", tag = "account",
    params(("code" = String, Path, description = "From a letter")),
    responses(
        (status = 200, description = "A page with a button", content_type = "text/html"),
        (status = 422, description = "No code, used, or over"),
    )
)]
pub(crate) async fn ask_to_verify(
    State(app): State<App>,
    Path(code): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let (.., email) = letters::opened(&app, &code, &VERIFYING).await?;
    Ok((HEADERS, Html(template::part(PAGE, "verify", &[("email", &email)]))))
}

const VERIFYING: [CodePurpose; 2] = [CodePurpose::Verify, CodePurpose::Email];

/// Verify an address
///
/// That of who registered, or the new one of who changes it.
#[utoipa::path(
    post, path = "/v1/account/verify/{code}", tag = "account",
    params(("code" = String, Path, description = "From a letter")),
    responses(
        (status = 200, description = "The address is yours", content_type = "text/html"),
        (status = 409, description = "Another account has this address meanwhile"),
        (status = 422, description = "No code, used, or over"),
    )
)]
pub(crate) async fn verify(
    State(app): State<App>,
    Path(code): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let (person, id, code, email) = letters::opened(&app, &code, &VERIFYING).await?;
    let used = match code.purpose {
        CodePurpose::Email => CodeUse::Email,
        _ => CodeUse::Verify,
    };
    match people::use_code(&app.db, (person, id), &used, app.clock.now()).await {
        Ok(()) => Ok((HEADERS, Html(template::part(PAGE, "verified", &[("email", &email)])))),
        Err(error) if error.is_conflict() => {
            let told = "another account has this address meanwhile";
            Err(Problem::new(ProblemCode::Conflict, told))
        }
        Err(error) if error.refusal().is_some() => Err(letters::void()),
        Err(error) => Err(error.into()),
    }
}

/// Ask for another password
///
/// Always answers the same: if there is an account, a letter with a code is on its way.
#[utoipa::path(
    post, path = "/v1/account/forgot", tag = "account",
    request_body = ForgotIn,
    responses(
        (status = 202, description = "A letter is on its way, if there is an account"),
        (status = 422, description = "A field is not valid"),
        (status = 429, description = "Too many letters"),
    )
)]
pub(crate) async fn forgot(
    State(app): State<App>,
    from: ClientAddress,
    Body(wanted): Body<ForgotIn>,
) -> Result<StatusCode, Problem> {
    attempts::count_from(&app, limit::LETTERS_FROM, from).await?;
    let email = address("email", &wanted.email)?;
    count_letter(&app, &email).await?;
    let known = people::by_email(&app.db, email.as_str()).await?;
    let reset = CodePurpose::Reset;
    // It goes to the address as it was registered, and not as it was typed now.
    let to = known.as_ref().and_then(|it| Address::parse(&it.email).ok()).unwrap_or(email);
    let code = letters::code(&app, reset, to).await?;
    match known {
        Some(person) => people::code(&app.db, person.id, &code).await?,
        // As many trips, so that time does not tell.
        None => people::no_code(&app.db, reset, code.at).await?,
    }
    Ok(StatusCode::ACCEPTED)
}

/// Choose another password
///
/// With the code of a letter. Every session ends.
#[utoipa::path(
    post, path = "/v1/account/reset", tag = "account",
    request_body = ResetIn,
    responses(
        (status = 204, description = "The password is another one; log in with it"),
        (status = 422, description = "No code, used, or over, or a password that is guessed"),
    )
)]
pub(crate) async fn reset(
    State(app): State<App>,
    Body(wanted): Body<ResetIn>,
) -> Result<StatusCode, Problem> {
    let (person, id, _, email) = letters::opened(&app, &wanted.code, &[CodePurpose::Reset]).await?;
    let password = password::chosen("password", wanted.password, &[&email])?;
    let used = CodeUse::Reset(password::hash(password).await?);
    match people::use_code(&app.db, (person, id), &used, app.clock.now()).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) if error.refusal().is_some() => Err(letters::void()),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn address(field: &str, text: &str) -> Result<Address, Problem> {
    Address::parse(text).map_err(|error| Problem::invalid(field, error.to_string()))
}

pub(crate) fn name(name: Option<String>) -> Result<String, Problem> {
    let name = name.unwrap_or_default();
    if name.chars().count() <= 200 && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    Err(Problem::invalid("name", "a name has at most 200 characters, and no line breaks"))
}

pub(crate) async fn count_letter(app: &App, email: &Address) -> Result<(), Problem> {
    attempts::count(app, limit::LETTERS_TO, &email.as_str().to_lowercase()).await
}
