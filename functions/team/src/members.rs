use app::attempts::ClientAddress;
use app::caller::Caller;
use app::extract::{Body, Path};
use app::{App, Problem, ProblemCode, audit};
use axum::Json;
use axum::extract::State;
use domain::access::Role;
use domain::id::PersonId;
use domain::team::{self as rules, Change, Denied};
use http::StatusCode;
use serde_json::{Value, json};
use store::team;
use uuid::Uuid;

use crate::wire::{MemberOut, RoleIn, TeamOut, TransferIn, role};

/// List the team
#[utoipa::path(
    get, path = "/v1/team", operation_id = "list_team", tag = "team",
    responses((status = 200, description = "Who belongs to the tenant", body = TeamOut))
)]
pub(crate) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<TeamOut>, Problem> {
    let found = team::members(&app.db, caller.tenant.number).await?;
    Ok(Json(TeamOut { members: found.into_iter().map(MemberOut::from).collect() }))
}

/// Change a role
///
/// It counts from the next call on. Owners are made and unmade by owners, and one always stays.
#[utoipa::path(
    patch, path = "/v1/team/{person}", operation_id = "change_role", tag = "team",
    params(("person" = Uuid, Path, description = "The member")),
    request_body = RoleIn,
    responses(
        (status = 204, description = "Changed"),
        (status = 403, description = "Only an owner may"),
        (status = 404, description = "No such member"),
        (status = 409, description = "It would leave no owner"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
    Path(person): Path<Uuid>,
    Body(wanted): Body<RoleIn>,
) -> Result<StatusCode, Problem> {
    let (tenant, person) = (caller.tenant.number, PersonId(person));
    let to = role(&wanted.role)?;
    let is = find(&app, &caller, person).await?;
    allowed(&caller, Change::Role(is, to))?;
    let before = json!({ "role": is.as_str() });
    let after = json!({ "role": to.as_str() });
    let entry =
        audit::entry(&caller, from, ("team.role_changed", &person.to_string()), (before, after));
    let now = app.clock.now();
    let changed = team::change(&app.db, (tenant, person), (is, Some(to)), (&entry, now)).await;
    changed.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a member
///
/// From the next call on, they see nothing of the tenant.
#[utoipa::path(
    delete, path = "/v1/team/{person}", operation_id = "remove_member", tag = "team",
    params(("person" = Uuid, Path, description = "The member")),
    responses(
        (status = 204, description = "Removed"),
        (status = 403, description = "Only an owner may"),
        (status = 404, description = "No such member"),
        (status = 409, description = "It would leave no owner"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
    Path(person): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let person = PersonId(person);
    let is = find(&app, &caller, person).await?;
    allowed(&caller, Change::Remove(is))?;
    gone(&app, &caller, from, (person, is), "team.removed").await
}

/// Leave the team
#[utoipa::path(
    post, path = "/v1/team/leave", operation_id = "leave_team", tag = "team",
    responses(
        (status = 204, description = "You belong to it no more"),
        (status = 403, description = "No tenant is chosen"),
        (status = 409, description = "You are the last owner"),
    )
)]
pub(crate) async fn leave(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
) -> Result<StatusCode, Problem> {
    let (person, is) = own(&caller)?;
    gone(&app, &caller, from, (person, is), "team.left").await
}

/// Hand the tenant over
///
/// Another member becomes owner, and you an admin.
#[utoipa::path(
    post, path = "/v1/team/transfer", operation_id = "transfer_tenant", tag = "team",
    request_body = TransferIn,
    responses(
        (status = 204, description = "Handed over"),
        (status = 403, description = "You are no owner"),
        (status = 404, description = "No such member"),
    )
)]
pub(crate) async fn transfer(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
    Body(wanted): Body<TransferIn>,
) -> Result<StatusCode, Problem> {
    let (to, (me, _)) = (PersonId(wanted.person), own(&caller)?);
    let is = find(&app, &caller, to).await?;
    allowed(&caller, Change::Role(is, Role::Owner))?;
    if to == me {
        return Err(Problem::invalid("person", "name another member: you are the owner"));
    }
    let entry = audit::entry(
        &caller,
        from,
        ("team.transferred", &to.to_string()),
        (json!({ "role": is.as_str() }), json!({ "role": "owner" })),
    );
    let (tenant, now) = (caller.tenant.number, app.clock.now());
    team::transfer(&app.db, tenant, (me, to), is, (&entry, now)).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn gone(
    app: &App,
    caller: &Caller,
    from: ClientAddress,
    (person, is): (PersonId, Role),
    action: &'static str,
) -> Result<StatusCode, Problem> {
    let before = json!({ "role": is.as_str() });
    let entry = audit::entry(caller, from, (action, &person.to_string()), (before, Value::Null));
    let (tenant, now) = (caller.tenant.number, app.clock.now());
    let changed = team::change(&app.db, (tenant, person), (is, None), (&entry, now)).await;
    changed.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(app: &App, caller: &Caller, person: PersonId) -> Result<Role, Problem> {
    let found = team::role(&app.db, caller.tenant.number, person).await?;
    found.ok_or_else(|| Problem::not_found("member of that id"))
}

/// Who calls, and as what. Only people have the scopes of a team.
fn own(caller: &Caller) -> Result<(PersonId, Role), Problem> {
    let person = caller.person.as_ref();
    let own = person.and_then(|it| Some((it.id, it.membership.as_ref()?.0)));
    own.ok_or_else(|| {
        Problem::new(ProblemCode::Forbidden, "this is for people: log in with `POST /v1/sessions`")
    })
}

/// Refuses what the caller's role may not change.
pub(crate) fn allowed(caller: &Caller, change: Change) -> Result<(), Problem> {
    rules::decide(own(caller)?.1, change)
        .map_err(|denied| Problem::new(ProblemCode::Forbidden, denied.to_string()))
}

fn refused(error: store::Error) -> Problem {
    match error.refusal() {
        Some("a tenant keeps an owner") => {
            Problem::new(ProblemCode::Conflict, Denied::LastOwner.to_string())
        }
        _ => error.into(),
    }
}
