//! A world for one test: a database, the functions around it, a tenant or two.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use app::entropy;
use app::{App, Clock, Config, Function, Role};
use axum::body::Body;
use domain::access::{ApiKey, Origin, Scope, SecretKey};
use domain::calendar::{Calendar, Weekday, Zone};
use domain::id::{ApiKeyId, TenantId, TenantNumber};
use domain::tenant::{Currency, Tenant};
use http::{Method, Request, header};
use jiff::{Timestamp, civil};
use local::apps::{Apps, Setup};
use local::command_line::BrowserKeyOptions;
use local::host::{Drained, Host};
use local::keys::Secrets;
use local::objects::ObjectFolder;
use local::postgres::{Addresses, options_of};
use local::sample;
use providers::mail;
use serde_json::Value;
use store::access;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::client::{Answer, request, send};
use crate::postgres::TestPostgres;

/// A world of its own, on a database of its own.
pub struct World {
    database: String,
    addresses: Addresses,
    folder: PathBuf,
    secrets: Secrets,
    clock: Clock,
    host: Host,
    owner: Client,
    tenants: Vec<Tenant>,
}

/// Where clients of these worlds would reach them.
pub const PUBLIC_URL: &str = "http://localhost:8080";
/// More than any test sends.
const POINTS_PER_MINUTE: u32 = 1_000_000_000;

impl World {
    /// A world at the current instant, without a tenant.
    pub async fn new() -> Self {
        Self::with_clock(Clock::System).await
    }

    /// A world in which it is always this instant, such as `2026-03-01T12:00:00Z`.
    ///
    /// # Panics
    /// Panics when it is none.
    pub async fn at(instant: &str) -> Self {
        let at: Timestamp = instant.parse().expect("an instant like 2026-03-01T12:00:00Z");
        Self::with_clock(Clock::Fixed(at)).await
    }

    /// The world of the samples: their tenant, their key, their instant.
    ///
    /// # Panics
    /// Panics when Postgres refuses.
    pub async fn sample() -> Self {
        let mut world = Self::made(Clock::Fixed(sample::NOW), Secrets::known()).await;
        let tenant = sample::settle(&world.owner).await;
        world.tenants.push(tenant.expect("the sample tenant is made"));
        world
    }

    /// A world with a clock.
    pub async fn with_clock(clock: Clock) -> Self {
        Self::made(clock, Secrets::fresh()).await
    }

    /// The same world with one more tenant in a zone.
    pub async fn with_tenant(self, zone: &str) -> Self {
        self.with_tenant_like(zone, |_tenant| {}).await
    }

    /// The same world with one more tenant that differs from the usual one.
    ///
    /// # Panics
    /// Panics when there is no such zone, or Postgres refuses.
    pub async fn with_tenant_like(mut self, zone: &str, differ: impl FnOnce(&mut Tenant)) -> Self {
        let mut tenant = Tenant {
            id: TenantId(Uuid::now_v7()),
            number: TenantNumber(0),
            name: format!("Shop {}", self.tenants.len() + 1),
            currency: Currency::try_from("EUR".to_owned()).expect("three letters"),
            calendar: Calendar {
                zone: Zone::parse(zone).expect("a zone like Europe/Berlin"),
                week_start: Weekday(civil::Weekday::Monday),
                fiscal_year_start_month: 1,
            },
        };
        differ(&mut tenant);
        let made = access::create_tenant(&self.owner, &tenant).await;
        self.tenants.push(made.expect("the tenant is made"));
        self
    }

    /// The same world with other parts: another mailer, another clock, a queue that fails.
    #[must_use]
    pub fn with_setup(mut self, change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = self.setup();
        change(&mut setup);
        self.clock = setup.clock;
        let objects = objects(&self.folder, &self.secrets, self.clock);
        self.host = Host::new(local::functions::all(), Apps::new(&setup), &objects);
        self
    }

    /// The first tenant.
    ///
    /// # Panics
    /// Panics when there is none.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        self.tenants.first().expect("a tenant was made by `with_tenant`")
    }

    /// All tenants, in the order they were made.
    #[must_use]
    pub fn tenants(&self) -> &[Tenant] {
        &self.tenants
    }

    /// A new API key of the first tenant.
    pub async fn key(&self, scopes: &[Scope]) -> String {
        self.key_of(self.tenant(), scopes, POINTS_PER_MINUTE).await
    }

    /// A new API key of a tenant.
    ///
    /// # Panics
    /// Panics when Postgres refuses.
    pub async fn key_of(
        &self,
        tenant: &Tenant,
        scopes: &[Scope],
        points_per_minute: u32,
    ) -> String {
        let secret = SecretKey::from_entropy(false, &entropy());
        let key = ApiKey {
            id: ApiKeyId(Uuid::now_v7()),
            tenant: tenant.clone(),
            scopes: scopes.to_vec(),
            expires_at: None,
            points_per_minute,
            origins: vec![],
        };
        access::create_key(&self.owner, &secret, "test", &key).await.expect("the key is made");
        secret.reveal().to_owned()
    }

    /// A new key for the pages of the first tenant's shop, of these origins or of any.
    ///
    /// # Panics
    /// Panics when one is no origin, or Postgres refuses.
    pub async fn browser_key(&self, origins: &[&str]) -> String {
        let shop = SecretKey::parse(&self.key(&[]).await).expect("a key");
        let origin = |text: &&str| Origin::parse(text).expect("an origin");
        let wanted = BrowserKeyOptions { shop, origins: origins.iter().map(origin).collect() };
        let made = local::shop::browser_key(&self.owner, &wanted).await.expect("Postgres is there");
        made.expect("the shop has the key").1.reveal().to_owned()
    }

    /// What a function of this role may touch.
    #[must_use]
    pub fn app(&self, role: Role) -> App {
        self.host.apps().of(Some(role)).clone()
    }

    /// The functions, mounted.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// A host of other functions in this world.
    #[must_use]
    pub fn host_of(&self, functions: Vec<Function>) -> Host {
        Host::new(functions, self.host.apps().clone(), &self.object_folder())
    }

    /// The objects of this world, with their signer and routes.
    #[must_use]
    pub fn object_folder(&self) -> ObjectFolder {
        objects(&self.folder, &self.secrets, self.clock)
    }

    /// The parts of which this world is made.
    #[must_use]
    pub fn setup(&self) -> Setup {
        setup(&self.addresses, &self.folder, &self.secrets, self.clock)
    }

    /// Asks for something.
    pub async fn get(&self, path: &str, key: &str) -> Answer {
        self.bare(Method::GET, path, key).await
    }

    /// Removes something.
    pub async fn delete(&self, path: &str, key: &str) -> Answer {
        self.bare(Method::DELETE, path, key).await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, key: &str, json: &Value) -> Answer {
        self.with_json(Method::POST, path, key, json).await
    }

    /// Replaces something with JSON.
    pub async fn put(&self, path: &str, key: &str, json: &Value) -> Answer {
        self.with_json(Method::PUT, path, key, json).await
    }

    /// Changes something with JSON.
    pub async fn patch(&self, path: &str, key: &str, json: &Value) -> Answer {
        self.with_json(Method::PATCH, path, key, json).await
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(self.host.router(), request).await
    }

    /// Handles all messages. How many there were.
    ///
    /// # Panics
    /// Panics when a delivery failed.
    pub async fn drain_queues(&self) -> usize {
        let drained = self.drain_queues_despite_failures().await;
        assert_eq!((drained.retried, drained.discarded), (0, 0), "deliveries failed: {drained:?}");
        drained.done
    }

    /// Handles all messages, and those that fail again, until they are dead letters.
    ///
    /// # Panics
    /// Panics when Postgres is away.
    pub async fn drain_queues_despite_failures(&self) -> Drained {
        self.host.drain_queues().await.expect("the queue is there")
    }

    /// Runs a schedule once, planned for the current instant.
    ///
    /// # Panics
    /// Panics when it fails.
    pub async fn tick(&self, name: &str) {
        self.host.tick(name, self.clock.now()).await.expect("the schedule does its work");
    }

    /// Connects as the owner again, after a crash of the server.
    ///
    /// # Panics
    /// Panics when it is not up again in time.
    pub async fn reconnect(&mut self) {
        let owner = store::connect(&options_of(&self.addresses.owner)).await;
        self.owner = owner.expect("our own server");
    }

    /// Runs a statement as the owner, who sees everything.
    ///
    /// # Panics
    /// Panics with what Postgres answers.
    pub async fn sql(&self, sql: &str) -> Vec<Row> {
        let answer = self.owner.query(sql, &[]).await;
        answer.unwrap_or_else(|error| panic!("{sql}: {}", app::trace::chain(&error)))
    }

    /// The one number that a statement answers, as the owner.
    ///
    /// # Panics
    /// Panics when it is no bigint, or Postgres refuses.
    pub async fn count(&self, sql: &str) -> i64 {
        self.sql(sql).await[0].get(0)
    }

    /// Letters that were sent, as their `.eml` files say them, by file name.
    #[must_use]
    pub fn letters(&self) -> Vec<String> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.folder.join("letters"))
            .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()).collect())
            .unwrap_or_default();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "eml"));
        files.sort();
        files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect()
    }

    /// The address of this world's database in a role.
    #[must_use]
    pub fn database_url(&self, role: Role) -> &str {
        match role {
            Role::App => &self.addresses.app,
            Role::System => &self.addresses.system,
            Role::Owner => &self.addresses.owner,
        }
    }

    async fn made(clock: Clock, secrets: Secrets) -> Self {
        if app::config::read("RUST_LOG").is_some() {
            app::trace::init(app::trace::Format::Text, app::trace::Level::INFO);
        }
        let postgres = TestPostgres::get();
        let database = postgres.database();
        let owner_url = postgres.server().owner_url(&database);
        let addresses = postgres.server().addresses(&owner_url).expect("our own address");
        let owner = store::connect(&options_of(&owner_url)).await.expect("our own server");
        let folder = postgres.folder().join(&database);
        let setup = setup(&addresses, &folder, &secrets, clock);
        let objects = objects(&folder, &secrets, clock);
        let host = Host::new(local::functions::all(), Apps::new(&setup), &objects);
        Self { database, addresses, folder, secrets, clock, host, owner, tenants: vec![] }
    }

    async fn bare(&self, method: Method, path: &str, key: &str) -> Answer {
        let request = request(method, path, key).body(Body::empty());
        self.send(request.expect("a path and a key")).await
    }

    async fn with_json(&self, method: Method, path: &str, key: &str, json: &Value) -> Answer {
        let request = request(method, path, key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(json.to_string()));
        self.send(request.expect("a path and a key")).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        TestPostgres::get().discard(&self.database);
        let _stays = fs::remove_dir_all(&self.folder);
    }
}

fn setup(
    addresses: &Addresses,
    folder: &std::path::Path,
    secrets: &Secrets,
    clock: Clock,
) -> Setup {
    let mail_from = "Takings <reports@takings.example>";
    let letters = mail::Folder::new(folder.join("letters"), mail_from);
    Setup {
        addresses: addresses.clone(),
        mailer: Arc::new(letters.expect("an address")),
        objects: objects(folder, secrets, clock).objects(),
        gateway: None,
        clock,
        config: Config {
            stripe_webhook_secrets: secrets.webhook_secret(),
            public_url: PUBLIC_URL.to_owned(),
            mail_from: mail_from.to_owned(),
            token_keys: secrets.token_keys.clone(),
            unsubscribe_keys: secrets.unsubscribe_keys.clone(),
            ..Config::default()
        },
    }
}

fn objects(folder: &std::path::Path, secrets: &Secrets, clock: Clock) -> ObjectFolder {
    ObjectFolder::new(&folder.join("objects"), PUBLIC_URL, &secrets.object_key, clock)
        .expect("our own folder")
}
