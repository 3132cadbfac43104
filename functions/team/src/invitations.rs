use app::attempts::{self, ClientAddress};
use app::caller::{Caller, Person};
use app::extract::{Body, Path};
use app::port::Outgoing;
use app::sealed::{self, Purpose};
use app::trace::TraceParent;
use app::{App, Problem, ProblemCode, audit};
use axum::Json;
use axum::extract::State;
use domain::id::InvitationId;
use domain::limit;
use domain::message::{MailMessage, QueueName};
use domain::report::Address;
use domain::team::{Change, INVITATION_DAYS};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::{people, team};
use uuid::Uuid;

use crate::members::allowed;
use crate::wire::{AcceptIn, AcceptedOut, InvitationIn, InvitationOut, InvitationsOut, role};

/// List invitations
///
/// Those that are open and not over.
#[utoipa::path(
    get, path = "/v1/team/invitations", operation_id = "list_invitations", tag = "team",
    responses((status = 200, description = "Invitations", body = InvitationsOut))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<InvitationsOut>, Problem> {
    let found = team::invitations(&app.db, caller.tenant.number, app.clock.now()).await?;
    Ok(Json(InvitationsOut { invitations: found.into_iter().map(Into::into).collect() }))
}

/// Invite somebody
///
/// A letter with a code goes to the address. It is good once, for seven days, and for whoever has
/// an account with this address. Inviting the address again withdraws the invitation before.
#[utoipa::path(
    post, path = "/v1/team/invitations", operation_id = "invite", tag = "team",
    request_body = InvitationIn,
    responses(
        (status = 201, description = "Invited", body = InvitationOut),
        (status = 403, description = "Only an owner invites owners"),
        (status = 422, description = "A field is not valid"),
        (status = 429, description = "Too many invitations"),
    )
)]
pub(crate) async fn invite(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
    Body(wanted): Body<InvitationIn>,
) -> Result<(StatusCode, Json<InvitationOut>), Problem> {
    let as_role = role(&wanted.role)?;
    allowed(&caller, Change::Invite(as_role))?;
    let email = Address::parse(&wanted.email)
        .map_err(|error| Problem::invalid("email", error.to_string()))?;
    let tenant = caller.tenant.number;
    attempts::count(&app, limit::INVITATIONS, &tenant.to_string()).await?;
    attempts::count(&app, limit::LETTERS_TO, &email.as_str().to_lowercase()).await?;
    let now = app.clock.now();
    let invitation = team::Invitation {
        id: InvitationId(Uuid::now_v7()),
        email: email.to_string(),
        role: as_role,
        invited_by: caller.actor(),
        created_at: now,
        expires_at: now + SignedDuration::from_hours(24 * INVITATION_DAYS),
    };
    let message = MailMessage::Invited { invitation: invitation.id };
    let body = serde_json::to_string(&message).map_err(Problem::internal)?;
    let trace = TraceParent::current().map(|trace| trace.header());
    let message = Outgoing { body, trace, ..Outgoing::default() };
    app.queue.send(QueueName::Mail, &[message]).await?;
    // Who it is stands in the invitation, from which it can be erased; the log is for ever.
    let after = json!({ "role": as_role.as_str() });
    let subject = invitation.id.to_string();
    let entry = audit::entry(&caller, from, ("team.invited", &subject), (Value::Null, after));
    team::invite(&app.db, tenant, &invitation, &entry).await?;
    Ok((StatusCode::CREATED, Json(invitation.into())))
}

/// Withdraw an invitation
#[utoipa::path(
    delete, path = "/v1/team/invitations/{invitation}", operation_id = "withdraw_invitation",
    tag = "team",
    params(("invitation" = Uuid, Path, description = "Which")),
    responses(
        (status = 204, description = "Its code is void"),
        (status = 404, description = "No such invitation is open"),
    )
)]
pub(crate) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    from: ClientAddress,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let (tenant, now) = (caller.tenant.number, app.clock.now());
    let subject = ("team.invitation_withdrawn", &*id.to_string());
    let entry = audit::entry(&caller, from, subject, (Value::Null, Value::Null));
    match team::withdraw(&app.db, tenant, InvitationId(id), (&entry, now)).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(error) if error.refusal().is_some() => {
            Err(Problem::not_found("open invitation of that id"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Accept an invitation
///
/// With the code of the letter, and the account whose address was invited. Whoever belongs to the
/// team already keeps the role.
#[utoipa::path(
    post, path = "/v1/team/accept", operation_id = "accept_invitation", tag = "team",
    request_body = AcceptIn,
    responses(
        (status = 200, description = "You belong to it; choose it as tenant", body = AcceptedOut),
        (status = 403, description = "It was sent to another address than yours"),
        (status = 422, description = "No code of ours, used, withdrawn or over"),
    )
)]
pub(crate) async fn accept(
    State(app): State<App>,
    person: Person,
    from: ClientAddress,
    Body(shown): Body<AcceptIn>,
) -> Result<Json<AcceptedOut>, Problem> {
    let void = || {
        let told = "it is no code of ours, was used or withdrawn, or is over; ask to be invited \
                    again";
        Problem::invalid("code", told)
    };
    let now = app.clock.now();
    let claim = sealed::open(&app, Purpose::Invitation, &shown.code).map_err(Problem::internal)?;
    let id = claim.map(|(id, _)| InvitationId(id)).ok_or_else(void)?;
    let invited = team::invited(&app.db, id)
        .await?
        .filter(|it| it.is_open && now < it.expires_at)
        .ok_or_else(void)?;
    let me = people::by_id(&app.db, person.id).await?.ok_or_else(void)?;
    if !me.email.eq_ignore_ascii_case(&invited.email) {
        return Err(Problem::new(
            ProblemCode::Forbidden,
            "the invitation was sent to another address than that of this account",
        ));
    }
    let entry = domain::audit::Entry {
        actor: format!("person:{}", person.id),
        action: "team.joined",
        subject: person.id.to_string(),
        before: Value::Null,
        after: json!({ "role": invited.role.as_str() }),
        from: from.0.map(|address| address.to_string()),
    };
    match team::accept(&app.db, person.id, (id, &invited), (&entry, now)).await {
        Ok(()) => Ok(Json(AcceptedOut::from(invited))),
        Err(error) if error.refusal().is_some() => Err(void()),
        Err(error) => Err(error.into()),
    }
}
