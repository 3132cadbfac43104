use domain::access::Role;
use domain::audit::Entry;
use domain::id::{InvitationId, PersonId, TenantNumber};
use domain::report::Address;
use domain::tenant::Tenant;
use jiff::Timestamp;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use crate::sessions::stored_role;
use crate::statement::{Statement, as_person, fly};
use crate::{Db, Error, Flight, access, audit};

/// Somebody who belongs to a tenant.
#[derive(Clone, Debug)]
pub struct Member {
    /// Who.
    pub person: PersonId,
    /// Where they are reached.
    pub email: String,
    /// As they call themselves.
    pub name: String,
    /// As what.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// Whether they log in with a second factor.
    pub has_factor: bool,
}

/// Somebody who is asked in.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Which.
    pub id: InvitationId,
    /// Who is asked.
    pub email: String,
    /// As what.
    pub role: Role,
    /// By whom: `person:` and the id, or `local`.
    pub invited_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From then on it is void.
    pub expires_at: Timestamp,
}

/// An invitation, as whoever holds its code finds it.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Who is asked.
    pub email: String,
    /// As what.
    pub role: Role,
    /// From then on it is void.
    pub expires_at: Timestamp,
    /// Neither accepted nor withdrawn.
    pub is_open: bool,
    /// Into which tenant.
    pub tenant: Tenant,
}

/// Everybody who belongs to a tenant, the first first.
///
/// # Errors
/// What Postgres answers.
pub async fn members(db: &Db, tenant: TenantNumber) -> Result<Vec<Member>, Error> {
    let statement = Statement::new(include_str!("team/members.sql"));
    let member = |row: &Row| {
        Ok(Member {
            person: PersonId(row.get(0)),
            email: row.get(1),
            name: row.get(2),
            role: stored_role(row.get(3))?,
            since: row.get(4),
            has_factor: row.get(5),
        })
    };
    fly(db, tenant, &[statement]).await?.remove(0).iter().map(member).collect()
}

/// The role of somebody in a tenant.
///
/// # Errors
/// What Postgres answers.
pub async fn role(db: &Db, tenant: TenantNumber, person: PersonId) -> Result<Option<Role>, Error> {
    let statement = Statement::new(include_str!("team/role.sql"))
        .with(tenant.0, Type::INT4)
        .with(person.0, Type::UUID);
    let rows = fly(db, tenant, &[statement]).await?.remove(0);
    rows.first().map(|row| stored_role(row.get(0))).transpose()
}

/// Changes a role, as long as it is still the one that was found; none removes.
///
/// # Errors
/// [`Error::Refused`] when the tenant would be left without an owner, or another was first.
pub async fn change(
    db: &Db,
    (tenant, person): (TenantNumber, PersonId),
    (from, to): (Role, Option<Role>),
    (entry, now): (&Entry, Timestamp),
) -> Result<(), Error> {
    let statement = match to {
        Some(_) => Statement::new(include_str!("team/change.sql")),
        None => Statement::new(include_str!("team/remove.sql")),
    };
    let statement = statement
        .with(tenant.0, Type::INT4)
        .with(person.0, Type::UUID)
        .with(from.as_str(), Type::TEXT);
    let statement = match to {
        Some(to) => statement.with(to.as_str(), Type::TEXT),
        None => statement,
    };
    fly(db, tenant, &[statement, audit::adding(tenant, entry, now)]).await.map(drop)
}

/// Makes another person owner in one's own place, and oneself an admin.
///
/// # Errors
/// [`Error::Refused`] when one of them is no more what was found.
pub async fn transfer(
    db: &Db,
    tenant: TenantNumber,
    (from, to): (PersonId, PersonId),
    was: Role,
    (entry, now): (&Entry, Timestamp),
) -> Result<(), Error> {
    let changing = |person: PersonId, was: Role, becomes: Role| {
        Statement::new(include_str!("team/change.sql"))
            .with(tenant.0, Type::INT4)
            .with(person.0, Type::UUID)
            .with(was.as_str(), Type::TEXT)
            .with(becomes.as_str(), Type::TEXT)
    };
    let statements = [
        changing(to, was, Role::Owner),
        changing(from, Role::Owner, Role::Admin),
        audit::adding(tenant, entry, now),
    ];
    fly(db, tenant, &statements).await.map(drop)
}

/// Invitations that are open and not over.
///
/// # Errors
/// What Postgres answers.
pub async fn invitations(
    db: &Db,
    tenant: TenantNumber,
    now: Timestamp,
) -> Result<Vec<Invitation>, Error> {
    let statement = Statement::new(include_str!("team/invitations.sql"))
        .with(tenant.0, Type::INT4)
        .with(now, Type::TIMESTAMPTZ);
    let invitation = |row: &Row| {
        Ok(Invitation {
            id: InvitationId(row.get(0)),
            email: row.get(1),
            role: stored_role(row.get(2))?,
            invited_by: row.get(3),
            created_at: row.get(4),
            expires_at: row.get(5),
        })
    };
    fly(db, tenant, &[statement]).await?.remove(0).iter().map(invitation).collect()
}

/// Keeps an invitation; one to the same address that was open is withdrawn.
///
/// # Errors
/// What Postgres answers.
pub async fn invite(
    db: &Db,
    tenant: TenantNumber,
    invitation: &Invitation,
    entry: &Entry,
) -> Result<(), Error> {
    let now = invitation.created_at;
    let [withdraw, invite] = inviting(tenant, invitation);
    fly(db, tenant, &[withdraw, invite, audit::adding(tenant, entry, now)]).await.map(drop)
}

/// The same in the role `owner`, for the command line of whoever hosts it.
///
/// # Errors
/// What Postgres answers.
pub async fn invite_as_owner(
    client: &mut Client,
    tenant: TenantNumber,
    invitation: &Invitation,
    entry: &Entry,
) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    let [withdraw, invite] = inviting(tenant, invitation);
    let audited = audit::adding(tenant, entry, invitation.created_at);
    for statement in [withdraw, invite, audited] {
        statement.run(&transaction).await?;
    }
    Ok(transaction.commit().await?)
}

fn inviting(tenant: TenantNumber, invitation: &Invitation) -> [Statement; 2] {
    let withdraw = Statement::new(include_str!("team/withdraw_older.sql"))
        .with(tenant.0, Type::INT4)
        .with(invitation.email.clone(), Type::TEXT)
        .with(invitation.created_at, Type::TIMESTAMPTZ);
    let invite = Statement::new(include_str!("team/invite.sql"))
        .with(tenant.0, Type::INT4)
        .with(invitation.id.0, Type::UUID)
        .with(invitation.email.clone(), Type::TEXT)
        .with(invitation.role.as_str(), Type::TEXT)
        .with(invitation.invited_by.clone(), Type::TEXT)
        .with(invitation.created_at, Type::TIMESTAMPTZ)
        .with(invitation.expires_at, Type::TIMESTAMPTZ);
    [withdraw, invite]
}

/// Withdraws an invitation.
///
/// # Errors
/// [`Error::Refused`] when none of that id is open.
pub async fn withdraw(
    db: &Db,
    tenant: TenantNumber,
    id: InvitationId,
    (entry, now): (&Entry, Timestamp),
) -> Result<(), Error> {
    let statement = Statement::new(include_str!("team/withdraw.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID)
        .with(now, Type::TIMESTAMPTZ);
    fly(db, tenant, &[statement, audit::adding(tenant, entry, now)]).await.map(drop)
}

/// Finds an invitation by what its code says.
///
/// # Errors
/// What Postgres answers.
pub async fn invited(db: &Db, id: InvitationId) -> Result<Option<Invited>, Error> {
    let sql = include_str!("team/invited.sql");
    let answers = db.flight(None, &[Flight { sql, parameters: &[(&id.0, Type::UUID)] }]).await?;
    let invited = |row: &Row| {
        Ok(Invited {
            email: row.get(0),
            role: stored_role(row.get(1))?,
            expires_at: row.get(2),
            is_open: row.get(3),
            tenant: access::tenant(row, 4)?,
        })
    };
    answers[0].first().map(invited).transpose()
}

/// Lets a person in who was invited, once. Whoever belongs to the tenant already stays what they
/// are.
///
/// # Errors
/// [`Error::Refused`] when the invitation was accepted or withdrawn.
pub async fn accept(
    db: &Db,
    person: PersonId,
    (id, invited): (InvitationId, &Invited),
    (entry, now): (&Entry, Timestamp),
) -> Result<(), Error> {
    let tenant = invited.tenant.number;
    let accept = Statement::new(include_str!("team/accept.sql"))
        .with(tenant.0, Type::INT4)
        .with(id.0, Type::UUID)
        .with(now, Type::TIMESTAMPTZ);
    let join = Statement::new(include_str!("team/join.sql"))
        .with(tenant.0, Type::INT4)
        .with(person.0, Type::UUID)
        .with(invited.role.as_str(), Type::TEXT)
        .with(now, Type::TIMESTAMPTZ);
    let statements = [accept, join, audit::adding(tenant, entry, now)];
    as_person(db, person, Some(tenant), &statements).await.map(drop)
}

/// The address that an invitation goes to.
///
/// # Errors
/// When what is stored is none.
pub fn address_of(invited: &Invited) -> Result<Address, Error> {
    Address::parse(&invited.email).map_err(|error| Error::Stored("address", error.into()))
}
