//! The second host: every function in this process. Behaves as the first, on Lambda, does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use app::attempts::ClientAddress;
use app::{App, Consumer, Deadline, Every, Failure, Function, Job, Tick, Trigger, invoke, serve};
use axum::extract::{ConnectInfo, Request, State};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use axum::{Router, middleware};
use domain::message::QueueName;
use http::{StatusCode, header};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::apps::Apps;
use crate::objects::ObjectFolder;
use crate::prometheus::{self, Counts};

pub use self::queues::Drained;

/// Receiving, delivering, giving back.
mod queues;
/// When schedules are due.
mod schedules;

/// Functions, mounted. Cheap to clone.
#[derive(Clone)]
pub struct Host(Arc<Mounted>);

struct Mounted {
    apps: Apps,
    router: Router,
    consumers: Vec<Subscription>,
    schedules: Vec<(&'static str, App, Every, Job)>,
    commands: Vec<(&'static str, App, Job)>,
    counts: Arc<Counts>,
}

/// One function behind a queue.
#[derive(Clone)]
struct Subscription {
    name: &'static str,
    app: App,
    queue: QueueName,
    consumer: Consumer,
}

/// A schedule or a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No function of that name and kind.
    #[error("no function `{0}` can be run like this")]
    Unknown(String),
    /// It failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// As long as the longest schedule has on Lambda.
const TICK_DEADLINE: Duration = Duration::from_secs(900);
/// What is in flight gets this long to end once we are asked to stop.
const DRAIN: Duration = Duration::from_secs(20);

impl Host {
    /// Mounts the functions.
    #[must_use]
    pub fn new(functions: Vec<Function>, apps: Apps, objects: &ObjectFolder) -> Self {
        let counts = Arc::new(Counts::default());
        let mut router = Router::new();
        let (mut consumers, mut schedules, mut commands) = (vec![], vec![], vec![]);
        for Function { name, trigger, uses } in functions {
            let app = apps.limited_to(uses);
            match trigger {
                Trigger::Http(routes) => {
                    let count =
                        middleware::from_fn_with_state((name, counts.clone()), prometheus::count);
                    router = router.merge(serve::router(name, routes, app).layer(count));
                }
                Trigger::Queue(queue, consumer) => {
                    consumers.push(Subscription { name, app, queue, consumer });
                }
                Trigger::Schedule(every, job) => schedules.push((name, app, every, job)),
                Trigger::Command(job) => commands.push((name, app, job)),
            }
        }
        let own = Router::new()
            .route("/health", get(health))
            .route("/metrics", get(metrics))
            .with_state((apps.clone(), counts.clone()));
        let router = router.merge(objects.router()).merge(own).fallback(serve::no_such_path);
        Self(Arc::new(Mounted { apps, router, consumers, schedules, commands, counts }))
    }

    /// Every HTTP function, as one service.
    pub fn router(&self) -> Router {
        self.0.router.clone()
    }

    /// What functions may touch.
    #[must_use]
    pub fn apps(&self) -> &Apps {
        &self.0.apps
    }

    /// Handles what lies in the queues, and what that sends, until nothing is left. A message
    /// that fails is delivered again at once, up to its last attempt.
    ///
    /// # Errors
    /// When the queue is away.
    pub async fn drain_queues(&self) -> Result<Drained, app::port::PortError> {
        queues::drain(&self.0.consumers, &self.0.counts, Duration::ZERO).await
    }

    /// Handles what lies in the queues, and what that sends, once: a message that fails stays
    /// for a later delivery.
    ///
    /// # Errors
    /// When the queue is away.
    pub async fn deliver_queues(&self) -> Result<Drained, app::port::PortError> {
        queues::drain(&self.0.consumers, &self.0.counts, queues::LATER).await
    }

    /// Runs a schedule once, now.
    ///
    /// # Errors
    /// [`RunError`] when there is none of that name, or it failed.
    pub async fn tick(&self, name: &str, planned_at: Timestamp) -> Result<(), RunError> {
        let (name, app, _every, job) = self
            .0
            .schedules
            .iter()
            .find(|(schedule, ..)| *schedule == name)
            .ok_or_else(|| RunError::Unknown(name.to_owned()))?;
        Ok(self.run(name, app, job, planned_at).await?)
    }

    /// Runs a command once.
    ///
    /// # Errors
    /// [`RunError`] when there is none of that name, or it failed.
    pub async fn command(&self, name: &str) -> Result<(), RunError> {
        let (name, app, job) = self
            .0
            .commands
            .iter()
            .find(|(command, ..)| *command == name)
            .ok_or_else(|| RunError::Unknown(name.to_owned()))?;
        Ok(self.run(name, app, job, app.clock.now()).await?)
    }

    /// Serves requests, receives messages and runs schedules until `stop` ends; then lets what is
    /// in flight end too.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> std::io::Result<()> {
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for subscription in &self.0.consumers {
            let (subscription, sent) = (subscription.clone(), self.0.apps.sent.clone());
            let (counts, stopped) = (self.0.counts.clone(), stopped.clone());
            tasks.spawn(queues::work(subscription, counts, sent, stopped));
        }
        for position in 0..self.0.schedules.len() {
            tasks.spawn(schedules::keep(self.clone(), position, stopped.clone()));
        }
        let mut asked = stopped.clone();
        // Answers are written whole: nothing is gained by holding their ends back.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let service = self.router().layer(middleware::map_request(from_its_peer));
        let service = service.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service)
            .with_graceful_shutdown(async move {
                let _sender_gone = asked.wait_for(|stopping| *stopping).await;
            })
            .into_future();
        tokio::pin!(server);
        tokio::select! {
            ended = &mut server => return ended,
            () = stop => {}
        }
        stopping.send_replace(true);
        let rest = async { while tasks.join_next().await.is_some() {} };
        match tokio::time::timeout(DRAIN, async { tokio::join!(server, rest) }).await {
            Ok((served, ())) => served,
            Err(_elapsed) => {
                tracing::warn!("some work did not end in time; it will be done again");
                Ok(())
            }
        }
    }

    async fn run(
        &self,
        name: &'static str,
        app: &App,
        job: &Job,
        planned_at: Timestamp,
    ) -> Result<(), Failure> {
        let tick = Tick { planned_at, deadline: Deadline::within(TICK_DEADLINE) };
        let ran = invoke::tick(name, app, job, tick).await;
        self.0.counts.tick(name, ran.is_ok());
        ran
    }
}

async fn health(State((apps, _counts)): State<(Apps, Arc<Counts>)>) -> (StatusCode, &'static str) {
    match apps.of(None).db.warm().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(error = app::trace::chain(&error), "not healthy");
            (StatusCode::SERVICE_UNAVAILABLE, "Postgres is away\n")
        }
    }
}

async fn metrics(
    State((apps, counts)): State<(Apps, Arc<Counts>)>,
) -> ([(header::HeaderName, &'static str); 1], String) {
    let depths = store::jobs::depths(&apps.of(None).db).await.unwrap_or_else(|error| {
        tracing::warn!(error = app::trace::chain(&error), "the queues were not counted");
        Vec::new()
    });
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], counts.exposition(&depths))
}

/// Says from which address a call comes: that of whoever is connected.
async fn from_its_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut call: Request) -> Request {
    call.extensions_mut().insert(ClientAddress(Some(peer.ip())));
    call
}
