use domain::access::Role;
use domain::id::{PersonId, SessionId, TenantId};
use domain::person::SessionKind;
use domain::tenant::Tenant;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::statement::{Statement, as_person};
use crate::{Db, Error, Flight, Parameter, access, one_row};

/// What a call shows of a session.
#[derive(Clone, Copy)]
pub enum Shown {
    /// A token names it.
    Id(SessionId),
    /// The SHA-256 of the secret in a browser's cookie.
    Secret([u8; 32]),
}

/// A session that nobody ended. Whether it is too old is for the domain to say.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub person: PersonId,
    /// How it is held.
    pub kind: SessionKind,
    /// How often it was renewed.
    pub generation: i32,
    /// When it was renewed or seen last.
    pub renewed_at: Timestamp,
    /// When they logged in.
    pub created_at: Timestamp,
    /// What the person is in the tenant that was asked for, or chosen last.
    pub membership: Option<(Role, Tenant)>,
}

/// A session that begins.
#[derive(Clone)]
pub struct NewSession {
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub person: PersonId,
    /// The SHA-256 of the secret in a browser's cookie; none for a client.
    pub secret_hash: Option<[u8; 32]>,
    /// As it calls itself.
    pub client: String,
    /// From where it comes.
    pub address: String,
    /// When.
    pub at: Timestamp,
}

/// A session, as its owner sees it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Which.
    pub session: SessionId,
    /// How it is held.
    pub kind: SessionKind,
    /// As it calls itself.
    pub client: String,
    /// From where it came.
    pub address: String,
    /// When they logged in.
    pub created_at: Timestamp,
    /// When it was renewed or seen last.
    pub renewed_at: Timestamp,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its owner said so.
    LoggedOut,
    /// A token that was used up came back.
    Reused,
    /// The password changed.
    Password,
}

impl Ended {
    fn as_str(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged_out",
            Self::Reused => "reused",
            Self::Password => "password",
        }
    }
}

/// Reads a session with what its person is in a tenant: the one that is named, or the one that was
/// chosen in it last. In one round trip.
///
/// # Errors
/// What Postgres answers.
pub async fn standing(
    db: &Db,
    shown: Shown,
    tenant: Option<TenantId>,
) -> Result<Option<Standing>, Error> {
    let (id, secret) = match &shown {
        Shown::Id(id) => (Some(id.0), None),
        Shown::Secret(hash) => (None, Some(hash.as_slice())),
    };
    let tenant = tenant.map(|tenant| tenant.0);
    let sql = include_str!("sessions/standing.sql");
    let parameters: &[Parameter<'_>] =
        &[(&id, Type::UUID), (&secret, Type::BYTEA), (&tenant, Type::UUID)];
    let answers = db.flight(None, &[Flight { sql, parameters }]).await?;
    answers[0].first().map(read).transpose()
}

fn read(row: &Row) -> Result<Standing, Error> {
    let role: Option<&str> = row.get(6);
    let membership = role.map(|role| Ok::<_, Error>((stored_role(role)?, access::tenant(row, 7)?)));
    Ok(Standing {
        session: SessionId(row.get(0)),
        person: PersonId(row.get(1)),
        kind: stored_kind(row.get(2))?,
        generation: row.get(3),
        renewed_at: row.get(4),
        created_at: row.get(5),
        membership: membership.transpose()?,
    })
}

pub(crate) fn stored_role(text: &str) -> Result<Role, Error> {
    Role::parse(text).ok_or_else(|| Error::Stored("role", text.into()))
}

fn stored_kind(text: &str) -> Result<SessionKind, Error> {
    SessionKind::parse(text).ok_or_else(|| Error::Stored("kind of session", text.into()))
}

/// Begins a session, in the tenant that its person belongs to longest. Those before the newest
/// [`SESSIONS`] end.
///
/// # Errors
/// What Postgres answers.
pub async fn begin(db: &Db, new: &NewSession) -> Result<(), Error> {
    let kind = if new.secret_hash.is_some() { SessionKind::Browser } else { SessionKind::Client };
    let statement = Statement::new(include_str!("sessions/begin.sql"))
        .with(new.session.0, Type::UUID)
        .with(new.person.0, Type::UUID)
        .with(kind.as_str(), Type::TEXT)
        .with(new.secret_hash.map(|hash| hash.to_vec()), Type::BYTEA)
        .with(new.client.clone(), Type::TEXT)
        .with(new.address.clone(), Type::TEXT)
        .with(new.at, Type::TIMESTAMPTZ);
    let crowd = Statement::new(include_str!("sessions/crowd_out.sql"))
        .with(new.person.0, Type::UUID)
        .with(SESSIONS, Type::INT8)
        .with(new.at, Type::TIMESTAMPTZ);
    as_person(db, new.person, None, &[statement, crowd]).await.map(drop)
}

/// So many a person has at once.
pub const SESSIONS: i64 = 50;

/// Renews a session of this generation.
///
/// # Errors
/// [`Error::Refused`] when another call did so first, or it has ended.
pub async fn renew(db: &Db, standing: &Standing, now: Timestamp) -> Result<(), Error> {
    let statement = Statement::new(include_str!("sessions/renew.sql"))
        .with(standing.person.0, Type::UUID)
        .with(standing.session.0, Type::UUID)
        .with(standing.generation, Type::INT4)
        .with(now, Type::TIMESTAMPTZ);
    as_person(db, standing.person, None, &[statement]).await.map(drop)
}

/// Notes that a browser was seen.
///
/// # Errors
/// What Postgres answers.
pub async fn seen(
    db: &Db,
    person: PersonId,
    session: SessionId,
    now: Timestamp,
) -> Result<(), Error> {
    let statement = Statement::new(include_str!("sessions/seen.sql"))
        .with(person.0, Type::UUID)
        .with(session.0, Type::UUID)
        .with(now, Type::TIMESTAMPTZ);
    as_person(db, person, None, &[statement]).await.map(drop)
}

/// Chooses a tenant in a session. Whether the person belongs to it.
///
/// # Errors
/// What Postgres answers.
pub async fn choose(
    db: &Db,
    person: PersonId,
    session: SessionId,
    tenant: TenantId,
) -> Result<bool, Error> {
    let statement = Statement::new(include_str!("sessions/choose.sql"))
        .with(person.0, Type::UUID)
        .with(session.0, Type::UUID)
        .with(tenant.0, Type::UUID);
    let mut answers = as_person(db, person, None, &[statement]).await?;
    Ok(!answers.remove(0).is_empty())
}

/// Ends one session, or all of them. How many that were.
///
/// # Errors
/// What Postgres answers.
pub async fn end(
    db: &Db,
    person: PersonId,
    session: Option<SessionId>,
    (because, now): (Ended, Timestamp),
) -> Result<i64, Error> {
    let mut answers = as_person(db, person, None, &[ending(person, session, because, now)]).await?;
    Ok(one_row(answers.remove(0), "number of sessions")?.get(0))
}

pub(crate) fn ending(
    person: PersonId,
    session: Option<SessionId>,
    because: Ended,
    now: Timestamp,
) -> Statement {
    Statement::new(include_str!("sessions/end.sql"))
        .with(person.0, Type::UUID)
        .with(session.map(|session| session.0), Type::UUID)
        .with(because.as_str(), Type::TEXT)
        .with(now, Type::TIMESTAMPTZ)
}

/// The sessions of a person that nobody ended, the newest first.
///
/// # Errors
/// What Postgres answers.
pub async fn list(db: &Db, person: PersonId) -> Result<Vec<Listed>, Error> {
    let statement = Statement::new(include_str!("sessions/list.sql")).with(person.0, Type::UUID);
    let mut answers = as_person(db, person, None, &[statement]).await?;
    let listed = |row: &Row| {
        Ok(Listed {
            session: SessionId(row.get(0)),
            kind: stored_kind(row.get(1))?,
            client: row.get(2),
            address: row.get(3),
            created_at: row.get(4),
            renewed_at: row.get(5),
        })
    };
    answers.remove(0).iter().map(listed).collect()
}
