//! What functions may touch, put together for one process.

use std::sync::Arc;

use app::objects::Objects;
use app::port::{KeyValue, Mailer, PostgresKeyValue, PostgresQueue, Queue};
use app::{App, Clock, Config, Parts, Role, Uses};
use providers::stripe::Stripe;
use store::{Db, DbOptions};
use tokio::sync::Notify;

use crate::postgres::Addresses;

/// What all functions of this process share.
pub struct Setup {
    /// The database.
    pub addresses: Addresses,
    /// Letters out.
    pub mailer: Arc<dyn Mailer>,
    /// Large bodies.
    pub objects: Objects,
    /// Payments.
    pub gateway: Option<Stripe>,
    /// The time.
    pub clock: Clock,
    /// Addresses and keys; the address of the database is filled in by role.
    pub config: Config,
}

/// One [`App`] for each role.
#[derive(Clone)]
pub struct Apps {
    app: App,
    system: App,
    owner: App,
    /// Rung when this process itself sent a message: nobody has to poll for it.
    pub(crate) sent: Arc<Notify>,
}

const APP_CONNECTIONS: usize = 8;
const CROSS_CONNECTIONS: usize = 2;
const PORT_CONNECTIONS: usize = 4;

impl Apps {
    /// Puts them together. Connects on first use.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let Addresses { app, system, owner, .. } = &setup.addresses;
        let sent = Arc::new(Notify::new());
        // Ports have connections of their own: a function that sends while its transaction is
        // open would else wait for itself.
        let port_db = db(setup, app, PORT_CONNECTIONS, true);
        let queue: Arc<dyn Queue> =
            Arc::new(PostgresQueue { db: port_db.clone(), sent: sent.clone() });
        let key_value: Arc<dyn KeyValue> =
            Arc::new(PostgresKeyValue { db: port_db, clock: setup.clock });
        let courier = setup.config.courier();
        let role = |url: &String, connections, checks_role| {
            App::new(Parts {
                db: db(setup, url, connections, checks_role),
                queue: queue.clone(),
                key_value: key_value.clone(),
                mailer: setup.mailer.clone(),
                objects: Some(setup.objects.clone()),
                gateway: setup.gateway.clone(),
                courier: courier.clone(),
                clock: setup.clock,
                config: Config { database_url: url.clone(), ..setup.config.clone() },
            })
        };
        Self {
            app: role(app, APP_CONNECTIONS, true),
            system: role(system, CROSS_CONNECTIONS, true),
            owner: role(owner, CROSS_CONNECTIONS, false),
            sent,
        }
    }

    /// What a function declares that it uses, and no more.
    pub(crate) fn limited_to(&self, uses: Uses) -> App {
        let all = self.of(uses.postgres);
        let parts = Parts {
            db: all.db.clone(),
            queue: all.queue.clone(),
            key_value: all.key_value.clone(),
            mailer: all.mailer.clone(),
            objects: all.objects.clone(),
            gateway: all.gateway.clone(),
            courier: all.courier.clone(),
            clock: all.clock,
            config: all.config.clone(),
        };
        App::new(parts.limited_to(uses))
    }

    /// The one for a role. A function without Postgres gets one that it will not connect.
    #[must_use]
    pub fn of(&self, role: Option<Role>) -> &App {
        match role {
            None | Some(Role::App) => &self.app,
            Some(Role::System) => &self.system,
            Some(Role::Owner) => &self.owner,
        }
    }
}

fn db(setup: &Setup, url: &str, connections: usize, checks_role: bool) -> Db {
    let tls_ca_file = setup.config.tls_ca_file.clone();
    let (url, direct) = (url.to_owned(), setup.addresses.direct);
    Db::new(DbOptions { url, tls_ca_file, connections, direct, checks_role })
}
