//! People of a world: they register, read their letters, log in and work in tenants.

use app::token::{AUDIENCE, Bearer, Claims, Keys, LIFETIME_S};
use domain::access::Role;
use domain::id::SessionId;
use domain::tenant::Tenant;
use http::{Method, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Answer, request};
use crate::world::World;

/// What everybody's password is here.
pub const PASSWORD: &str = "nine brown owls at noon";

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// Their id.
    pub id: String,
    /// Their address.
    pub email: String,
    /// An access token.
    pub token: String,
    /// What renews it.
    pub refresh: String,
    /// Where they are logged in.
    pub session: String,
}

/// Somebody who registers, reads the letter and logs in.
pub async fn sign_up(world: &World, email: &str) -> LoggedIn {
    let registered = json!({ "email": email, "password": PASSWORD, "name": "Ann" });
    world.post("/v1/account", "", &registered).await.expect(202);
    world.drain_queues().await;
    let page = link(&letter_to(world, email));
    world.post(&page, "", &Value::Null).await.expect(200);
    log_in(world, email).await
}

/// Logs in as a client.
pub async fn log_in(world: &World, email: &str) -> LoggedIn {
    let shown = json!({ "email": email, "password": PASSWORD });
    let answer = world.post("/v1/sessions", "", &shown).await.expect(201);
    let text = |name: &str| answer.json[name].as_str().unwrap_or_default().to_owned();
    let token = text("access_token");
    let me = world.get("/v1/account", &token).await.expect(200);
    LoggedIn {
        id: me.json["id"].as_str().unwrap_or_default().to_owned(),
        email: email.to_owned(),
        token,
        refresh: text("refresh_token"),
        session: text("session"),
    }
}

/// Somebody of a role in a tenant of the world, logged in and in it.
pub async fn member(world: &World, tenant: &Tenant, role: Role) -> LoggedIn {
    let count = world.count("select count(*) from person").await;
    let mut person = sign_up(world, &format!("{}{count}@people.example", role.as_str())).await;
    join(world, tenant, &person, role).await;
    person.token = choose(world, &person, tenant).await;
    person
}

/// An access token of somebody new in a tenant, or in none, who never registered: for tests that
/// need many.
///
/// # Panics
/// Panics when Postgres refuses.
pub async fn token(world: &World, of: Option<(&Tenant, Role)>) -> String {
    let (person, session) = (Uuid::now_v7(), Uuid::now_v7());
    let setup = world.setup();
    let now = setup.clock.now();
    world
        .sql(&format!(
            "insert into person (person, email, name, verified_at, created_at)
             values ('{person}', '{person}@people.example', 'Ann', '{now}', '{now}')"
        ))
        .await;
    world
        .sql(&format!(
            "insert into session
                 (session, person, kind, renewed_at, client, address, created_at)
             values ('{session}', '{person}', 'client', '{now}', 'test', 'unknown', '{now}')"
        ))
        .await;
    if let Some((tenant, role)) = of {
        let (number, role) = (tenant.number, role.as_str());
        world
            .sql(&format!(
                "insert into membership (tenant, person, role, since)
                 values ({number}, '{person}', '{role}', '2026-01-01')"
            ))
            .await;
    }
    let claims = Claims {
        iss: setup.config.public_url.clone(),
        aud: AUDIENCE.to_owned(),
        sub: person,
        exp: now.as_second() + LIFETIME_S,
        nbf: now.as_second(),
        iat: now.as_second(),
        tenant: of.map(|(tenant, _)| tenant.id),
        bearer: Bearer::Person { session: SessionId(session) },
    };
    Keys::parse(&setup.config.token_keys).expect("our keys").sign(&claims).expect("one signs")
}

/// Puts somebody into a tenant, as whoever hosts it may.
pub async fn join(world: &World, tenant: &Tenant, person: &LoggedIn, role: Role) {
    let (tenant, role, person) = (tenant.number, role.as_str(), &person.id);
    world
        .sql(&format!(
            "insert into membership (tenant, person, role, since)
             values ({tenant}, '{person}', '{role}', '2026-01-01')"
        ))
        .await;
}

/// An access token of a person in a tenant.
pub async fn choose(world: &World, person: &LoggedIn, tenant: &Tenant) -> String {
    let wanted = json!({ "tenant": tenant.id });
    let chosen = world.post("/v1/sessions/tenant", &person.token, &wanted).await.expect(200);
    chosen.json["access_token"].as_str().unwrap_or_default().to_owned()
}

/// The newest letter to an address, as its reader sees the plain text.
///
/// # Panics
/// Panics when there is none.
#[must_use]
pub fn letter_to(world: &World, email: &str) -> String {
    let to = format!("To: {email}");
    let letters = world.letters().into_iter().filter(|letter| letter.contains(&to));
    let newest = letters.max_by_key(|letter| {
        let number = |line: &str| line.strip_prefix("Message-ID: ").map(str::to_owned);
        letter.lines().find_map(number)
    });
    let letter = newest.unwrap_or_else(|| panic!("no letter to {email}"));
    letter.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
}

/// The path of the link in a letter.
///
/// # Panics
/// Panics when there is none.
#[must_use]
pub fn link(letter: &str) -> String {
    let (_, rest) = letter.split_once("http://localhost:8080").expect("a link of ours");
    rest.chars().take_while(|it| !it.is_whitespace() && *it != '<').collect()
}

/// The code in a letter: what stands alone on a line and is long.
///
/// # Panics
/// Panics when there is none.
#[must_use]
pub fn code(letter: &str) -> String {
    let is_code = |line: &&str| line.len() == 54 && !line.contains(' ');
    letter.lines().map(str::trim).find(is_code).expect("a code").to_owned()
}

/// A browser, with its cookie and what its page sends beside it.
pub struct Browser {
    /// The cookie, as it is sent.
    pub cookie: String,
    /// What its page sends with changes.
    pub csrf: String,
}

impl Browser {
    /// Logs in.
    pub async fn log_in(world: &World, email: &str) -> Self {
        let shown = json!({ "email": email, "password": PASSWORD, "browser": true });
        let answer = world.post("/v1/sessions", "", &shown).await.expect(201);
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default();
        let csrf = answer.json["csrf_token"].as_str().unwrap_or_default();
        Self { cookie: cookie.to_owned(), csrf: csrf.to_owned() }
    }

    /// Sends something from a page, with these headers beside the cookie.
    pub async fn send(
        &self,
        world: &World,
        (method, path): (Method, &str),
        headers: &[(&str, &str)],
        json: &Value,
    ) -> Answer {
        let mut request = request(method, path, "")
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        world.send(request.body(json.to_string().into()).expect("a request")).await
    }
}
