use domain::access::Role;
use domain::audit::Entry;
use domain::id::{CodeId, PersonId, TenantId};
use domain::person::{Code, CodePurpose};
use domain::report::Address;
use domain::tenant::Tenant;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::sessions::{Ended, ending, stored_role};
use crate::statement::{Statement, as_person};
use crate::{Db, Error, Flight, access, one_row};

/// A person with what proves who they are. It does not print itself.
#[derive(Clone)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// Where they are reached.
    pub email: String,
    /// As they call themselves.
    pub name: String,
    /// Argon2id, as a PHC string.
    pub password_hash: Option<String>,
    /// When their address was shown to be theirs.
    pub verified_at: Option<Timestamp>,
    /// The second factor, confirmed or not.
    pub factor: Option<Factor>,
}

/// A second factor. Its secret is derived from these, and kept nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Which.
    pub id: Uuid,
    /// By which key.
    pub key: u32,
    /// When its first code was shown.
    pub confirmed_at: Option<Timestamp>,
    /// The newest step of time whose code was taken.
    pub step: i64,
    /// Which recovery codes were used, a bit each.
    pub recovered: i32,
}

/// A code for a letter.
#[derive(Clone)]
pub struct NewCode {
    /// Which: the letter holds a seal over it.
    pub id: CodeId,
    /// What it allows.
    pub purpose: CodePurpose,
    /// To whom it is written.
    pub email: Address,
    /// When.
    pub at: Timestamp,
}

/// A tenant of a person.
#[derive(Clone, Debug)]
pub struct Membership {
    /// Which.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Its money.
    pub currency: String,
    /// Its zone.
    pub zone: String,
    /// As what.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
}

/// Finds a person by address, whatever its capitals.
///
/// # Errors
/// What Postgres answers.
pub async fn by_email(db: &Db, email: &str) -> Result<Option<Person>, Error> {
    let sql = include_str!("people/by_email.sql");
    let answers = db.flight(None, &[Flight { sql, parameters: &[(&email, Type::TEXT)] }]).await?;
    Ok(answers[0].first().map(read))
}

/// Reads a person.
///
/// # Errors
/// What Postgres answers.
pub async fn by_id(db: &Db, person: PersonId) -> Result<Option<Person>, Error> {
    let statement = Statement::new(include_str!("people/by_id.sql")).with(person.0, Type::UUID);
    let answers = as_person(db, person, None, &[statement]).await?;
    Ok(answers[0].first().map(read))
}

fn read(row: &Row) -> Person {
    let factor: Option<Uuid> = row.get(5);
    let key: Option<i32> = row.get(6);
    let factor = factor.map(|id| Factor {
        id,
        key: key.and_then(|key| u32::try_from(key).ok()).unwrap_or(0),
        confirmed_at: row.get(7),
        step: row.get(8),
        recovered: row.get(9),
    });
    Person {
        id: PersonId(row.get(0)),
        email: row.get(1),
        name: row.get(2),
        password_hash: row.get(3),
        verified_at: row.get(4),
        factor,
    }
}

/// Writes down somebody who registers, with the code of the letter that asks whether they did. Who
/// has not verified yet is written anew, password and all, and older codes are void: else whoever
/// registered the address of somebody else would know the password of the account that they verify.
///
/// # Errors
/// [`Error::Conflict`] when the address has an account already.
pub async fn register(db: &Db, person: &Person, code: &NewCode) -> Result<(), Error> {
    let write = Statement::new(include_str!("people/register.sql"))
        .with(person.id.0, Type::UUID)
        .with(person.email.clone(), Type::TEXT)
        .with(person.name.clone(), Type::TEXT)
        .with(person.password_hash.clone(), Type::TEXT)
        .with(code.at, Type::TIMESTAMPTZ);
    let void = voiding(person.id, code.purpose, code.at);
    as_person(db, person.id, None, &[write, void, coding(person.id, code)]).await.map(drop)
}

/// Keeps a code for a letter; older ones of its purpose are void.
///
/// # Errors
/// What Postgres answers.
pub async fn code(db: &Db, person: PersonId, code: &NewCode) -> Result<(), Error> {
    let void = voiding(person, code.purpose, code.at);
    as_person(db, person, None, &[void, coding(person, code)]).await.map(drop)
}

/// Takes as long as [`code`], for nobody.
///
/// # Errors
/// What Postgres answers.
pub async fn no_code(db: &Db, purpose: CodePurpose, now: Timestamp) -> Result<(), Error> {
    let nobody = PersonId(Uuid::now_v7());
    let void = || voiding(nobody, purpose, now);
    as_person(db, nobody, None, &[void(), void()]).await.map(drop)
}

fn coding(person: PersonId, code: &NewCode) -> Statement {
    Statement::new(include_str!("people/code.sql"))
        .with(code.id.0, Type::UUID)
        .with(person.0, Type::UUID)
        .with(code.purpose.as_str(), Type::TEXT)
        .with(code.email.as_str().to_owned(), Type::TEXT)
        .with(code.at, Type::TIMESTAMPTZ)
        .with(code.at + code.purpose.lifetime(), Type::TIMESTAMPTZ)
}

fn voiding(person: PersonId, purpose: CodePurpose, now: Timestamp) -> Statement {
    Statement::new(include_str!("people/void_codes.sql"))
        .with(person.0, Type::UUID)
        .with(purpose.as_str(), Type::TEXT)
        .with(now, Type::TIMESTAMPTZ)
}

/// Reads a code: whose it is, and to whom it was written.
///
/// # Errors
/// What Postgres answers.
pub async fn code_by_id(db: &Db, id: CodeId) -> Result<Option<(PersonId, String, Code)>, Error> {
    let sql = include_str!("people/code_by_id.sql");
    let answers = db.flight(None, &[Flight { sql, parameters: &[(&id.0, Type::UUID)] }]).await?;
    let known = |row: &Row| {
        let purpose: &str = row.get(1);
        let purpose = CodePurpose::parse(purpose)
            .ok_or_else(|| Error::Stored("purpose of a code", purpose.into()))?;
        let code = Code { purpose, expires_at: row.get(3), used_at: row.get(4) };
        Ok((PersonId(row.get(0)), row.get(2), code))
    };
    answers[0].first().map(known).transpose()
}

/// What a code of a letter does, when it is used.
pub enum CodeUse {
    /// The address is theirs.
    Verify,
    /// The password is this hash; every session ends, and the address is theirs: they read it.
    Reset(String),
    /// They are reached where the code was sent to; every other session ends.
    Email,
}

/// Uses a code, once.
///
/// # Errors
/// [`Error::Refused`] when it was used, [`Error::Conflict`] when the new address is somebody
/// else's.
pub async fn use_code(
    db: &Db,
    (person, code): (PersonId, CodeId),
    used: &CodeUse,
    now: Timestamp,
) -> Result<(), Error> {
    let spend = Statement::new(include_str!("people/use_code.sql"))
        .with(person.0, Type::UUID)
        .with(code.0, Type::UUID)
        .with(now, Type::TIMESTAMPTZ);
    let person_at =
        |sql| Statement::new(sql).with(person.0, Type::UUID).with(now, Type::TIMESTAMPTZ);
    let mut statements = vec![spend];
    match used {
        CodeUse::Verify => statements.push(person_at(include_str!("people/verify.sql"))),
        CodeUse::Reset(hash) => statements.extend([
            person_at(include_str!("people/verify.sql")),
            hashing(person, hash),
            ending(person, None, Ended::Password, now),
        ]),
        CodeUse::Email => statements.push(
            Statement::new(include_str!("people/change_email.sql"))
                .with(person.0, Type::UUID)
                .with(code.0, Type::UUID),
        ),
    }
    as_person(db, person, None, &statements).await.map(drop)
}

fn hashing(person: PersonId, hash: &str) -> Statement {
    Statement::new(include_str!("people/password.sql"))
        .with(person.0, Type::UUID)
        .with(hash.to_owned(), Type::TEXT)
}

/// Keeps the hash of a password anew: the same password, by today's parameters.
///
/// # Errors
/// What Postgres answers.
pub async fn rehash(db: &Db, person: PersonId, hash: &str) -> Result<(), Error> {
    as_person(db, person, None, &[hashing(person, hash)]).await.map(drop)
}

/// Changes the password, and ends every session.
///
/// # Errors
/// What Postgres answers.
pub async fn change_password(
    db: &Db,
    person: PersonId,
    hash: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let statements = [hashing(person, hash), ending(person, None, Ended::Password, now)];
    as_person(db, person, None, &statements).await.map(drop)
}

/// Changes the name.
///
/// # Errors
/// What Postgres answers.
pub async fn rename(db: &Db, person: PersonId, name: &str) -> Result<(), Error> {
    let statement = Statement::new(include_str!("people/rename.sql"))
        .with(person.0, Type::UUID)
        .with(name.to_owned(), Type::TEXT);
    as_person(db, person, None, &[statement]).await.map(drop)
}

/// Gives a person a second factor, or another one, or none.
///
/// # Errors
/// What Postgres answers.
pub async fn set_factor(db: &Db, person: PersonId, factor: Option<&Factor>) -> Result<(), Error> {
    let key = factor.and_then(|it| i32::try_from(it.key).ok());
    let statement = Statement::new(include_str!("people/set_factor.sql"))
        .with(person.0, Type::UUID)
        .with(factor.map(|it| it.id), Type::UUID)
        .with(key, Type::INT4);
    as_person(db, person, None, &[statement]).await.map(drop)
}

/// Notes that a code of the second factor was taken: a step of its time, or a recovery code by its
/// number. The first confirms the factor.
///
/// # Errors
/// [`Error::Refused`] when that code, or a later one, was taken before.
pub async fn use_factor(
    db: &Db,
    person: PersonId,
    factor: &Factor,
    used: FactorUse,
    now: Timestamp,
) -> Result<(), Error> {
    let (step, recovered) = match used {
        FactorUse::Step(step) => (Some(step), None),
        FactorUse::Recovery(number) => (None, Some(1_i32 << number)),
    };
    let statement = Statement::new(include_str!("people/use_factor.sql"))
        .with(person.0, Type::UUID)
        .with(factor.id, Type::UUID)
        .with(step, Type::INT8)
        .with(recovered, Type::INT4)
        .with(now, Type::TIMESTAMPTZ);
    as_person(db, person, None, &[statement]).await.map(drop)
}

/// Which code of a second factor was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorUse {
    /// That of a step of time.
    Step(i64),
    /// A recovery code, by its number from 0.
    Recovery(usize),
}

/// The tenants that a person belongs to.
///
/// # Errors
/// What Postgres answers.
pub async fn memberships(db: &Db, person: PersonId) -> Result<Vec<Membership>, Error> {
    let statement = Statement::new(include_str!("people/memberships.sql"));
    let answers = as_person(db, person, None, &[statement]).await?;
    let membership = |row: &Row| {
        Ok(Membership {
            tenant: TenantId(row.get(0)),
            name: row.get(1),
            currency: row.get(2),
            zone: row.get(3),
            role: stored_role(row.get(4))?,
            since: row.get(5),
        })
    };
    answers[0].iter().map(membership).collect()
}

/// Opens a tenant whose owner is this person; the same again finds it.
///
/// # Errors
/// [`Error::Stored`] when a tenant of that id is somebody else's.
pub async fn open_tenant(
    db: &Db,
    person: PersonId,
    wanted: &Tenant,
    (entry, now): (&Entry, Timestamp),
) -> Result<Tenant, Error> {
    let calendar = &wanted.calendar;
    let statement = Statement::new(include_str!("people/open_tenant.sql"))
        .with(wanted.id.0, Type::UUID)
        .with(wanted.name.clone(), Type::TEXT)
        .with(wanted.currency.code().to_owned(), Type::TEXT)
        .with(calendar.zone.name().to_owned(), Type::TEXT)
        .with(i16::from(calendar.week_start.0.to_monday_one_offset()), Type::INT2)
        .with(i16::from(calendar.fiscal_year_start_month), Type::INT2)
        .with(now, Type::TIMESTAMPTZ)
        .with(entry.text(), Type::TEXT);
    let mut answers = as_person(db, person, None, &[statement]).await?;
    access::tenant(&one_row(answers.remove(0), "tenant")?, 0)
}

/// Deletes a person with everything that is theirs alone.
///
/// # Errors
/// [`Error::Refused`] when a tenant would be left without an owner.
pub async fn delete(db: &Db, person: PersonId) -> Result<(), Error> {
    let statement = Statement::new(include_str!("people/delete.sql")).with(person.0, Type::UUID);
    as_person(db, person, None, &[statement]).await.map(drop)
}
