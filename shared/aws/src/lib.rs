//! The Lambda host, and the AWS side of each port.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use app::objects::Objects;
use app::port::{KeyValue, Mailer, PostgresKeyValue, PostgresQueue, Queue, Undeclared};
use app::trace::{self, Format, Level, chain};
use app::{App, Clock, Config, Deadline, Failure, Function, Parts, Role, Trigger, Uses};
use lambda_http::request::LambdaRequest;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime};
use providers::mail::Smtp;
use serde_json::Value;
use store::{Db, DbOptions};
use tower::service_fn;

use crate::client::Client;
use crate::key_value::DynamoKeyValue;
use crate::queue::SqsQueue;

/// The way to AWS: one connector, one crypto library, credentials from the environment.
pub mod client;
/// Requests: from event to answer.
pub mod http;
/// Key-value records in DynamoDB.
pub mod key_value;
/// Large bodies in S3.
pub mod objects;
/// Queues of SQS.
pub mod queue;
/// Firings of the scheduler, and commands: from event to answer.
pub mod schedule;
/// Batches of messages: from event to answer.
pub mod sqs;

/// What `main` returns.
pub type Exit = ExitCode;

/// An event that has no answer: Lambda reports it as the function's error.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is not of the kind that starts this function.
    #[error("the event is not of the kind that starts this function")]
    Event(#[source] serde_json::Error),
    /// One of its messages has no id.
    #[error("a message of the event has no id")]
    MessageWithoutId,
    /// The answer cannot be written as JSON.
    #[error("the answer cannot be written")]
    Answer(#[source] serde_json::Error),
    /// The job failed.
    #[error("the job failed")]
    Failed(#[source] Failure),
}

impl From<Refused> for Diagnostic {
    fn from(refused: Refused) -> Self {
        let error_type = match &refused {
            Refused::Event(_) | Refused::MessageWithoutId => "BadEvent",
            Refused::Answer(_) => "BadAnswer",
            Refused::Failed(_) => "JobFailed",
        };
        Self { error_type: error_type.to_owned(), error_message: chain(&refused) }
    }
}

/// What is left for the answer's way out when the deadline passes.
const RESERVE: Duration = Duration::from_millis(500);
/// Lambda ends an initialization that takes ten seconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// No Lambda function runs longer.
const LONGEST: Duration = Duration::from_secs(900);

/// Serves one function on Lambda: connects to what it uses, then answers event after event.
///
/// Neither generic nor async, so that the runtime and everything under it is compiled once and
/// not again in each function.
#[must_use]
pub fn run(function: Function) -> Exit {
    serve(function, |_, _| Ok(None))
}

/// Serves one that declares the object store. The others do not carry its client, which would
/// make them a sixth larger, and so slower to start.
#[must_use]
pub fn run_with_objects(function: Function) -> Exit {
    serve(function, |client, config| objects::objects(client, config).map(Some))
}

type ConnectObjects = fn(&Client, &Config) -> Result<Option<Objects>, object_store::Error>;

fn serve(function: Function, objects: ConnectObjects) -> Exit {
    app::trace::init(Format::Json, Level::INFO);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.map_err(lambda_runtime::Error::from);
    match served.and_then(|runtime| runtime.block_on(host(function, objects))) {
        Ok(()) => Exit::SUCCESS,
        Err(error) => {
            tracing::error!(error = chain(&*error), "stopped");
            Exit::FAILURE
        }
    }
}

async fn host(function: Function, objects: ConnectObjects) -> Result<(), lambda_runtime::Error> {
    let Function { name, trigger, uses } = function;
    let config = Config::from_environment();
    let client = Client::new(&config)?;
    let objects = objects(&client, &config)?;
    let queues = SqsQueue::new(client.clone(), config.queue_urls.clone(), Duration::ZERO);
    let queues = Arc::new(queues);
    let app = App::new(parts(&client, queues.clone(), objects, config, uses)?.limited_to(uses));
    // A tick looks at a record first, so that a database that sleeps may sleep on.
    if !matches!(trigger, Trigger::Schedule(..)) {
        warm(&app, &client, uses).await;
    }
    match trigger {
        Trigger::Http(routes) => {
            let router = &app::serve::router(name, routes, app);
            let answer = |event: LambdaEvent<LambdaRequest>| async move {
                let deadline = deadline(&event.context);
                Ok::<_, Refused>(http::respond(router, event, deadline).await)
            };
            Runtime::new(service_fn(answer)).run().await
        }
        Trigger::Queue(queue, consumer) => {
            let worker = sqs::Worker { name, queue, consumer: &consumer };
            let (worker, app, queues) = (&worker, &app, &queues);
            let answer = |event: LambdaEvent<Value>| async move {
                if let Some(arn) = sqs::source(&event.payload) {
                    queues.comes_from(queue, arn);
                }
                let answer = sqs::answer(worker, app, event.payload, deadline(&event.context));
                trace::invoked(event.context.request_id, answer).await
            };
            Runtime::new(service_fn(answer)).run().await
        }
        Trigger::Schedule(_, job) | Trigger::Command(job) => {
            let (job, app) = (&job, &app);
            let answer = |event: LambdaEvent<Value>| async move {
                let deadline = deadline(&event.context);
                let answer = schedule::answer(name, app, job, &event.payload, deadline);
                trace::invoked(event.context.request_id.clone(), answer).await
            };
            Runtime::new(service_fn(answer)).run().await
        }
    }
}

fn parts(
    client: &Client,
    queue: Arc<SqsQueue>,
    objects: Option<Objects>,
    config: Config,
    uses: Uses,
) -> Result<Parts, lambda_runtime::Error> {
    let clock = Clock::System;
    let mailer: Arc<dyn Mailer> = if uses.mailer {
        let certificates = config.tls_ca_file.as_deref();
        Arc::new(Smtp::new(&config.smtp_url, &config.mail_from, certificates)?)
    } else {
        Arc::new(Undeclared)
    };
    let gateway = if uses.gateway { config.gateway()? } else { None };
    let db = Db::new(DbOptions {
        url: config.database_url.clone(),
        tls_ca_file: config.tls_ca_file.clone(),
        // Whoever sends within a transaction needs another connection for a queue in Postgres.
        connections: if config.ports_in_postgres { 2 } else { 1 },
        // Neon's pooled address, in transaction mode.
        direct: false,
        checks_role: uses.postgres != Some(Role::Owner),
    });
    let (queue, key_value): (Arc<dyn Queue>, Arc<dyn KeyValue>) = if config.ports_in_postgres {
        let records = PostgresKeyValue { db: db.clone(), clock };
        (Arc::new(PostgresQueue { db: db.clone(), sent: Arc::default() }), Arc::new(records))
    } else {
        let table = config.key_value_table.clone();
        (queue, Arc::new(DynamoKeyValue::new(client.clone(), table, clock)))
    };
    Ok(Parts {
        db,
        queue,
        key_value,
        mailer,
        objects,
        gateway,
        courier: config.courier(),
        clock,
        config,
    })
}

/// Connects to what the function uses. What fails here fails again, and is handled, when the
/// first event needs it.
async fn warm(app: &App, client: &Client, uses: Uses) {
    let postgres = async {
        if uses.postgres.is_some()
            && let Err(error) = app.db.warm().await
        {
            tracing::warn!(error = chain(&error), "Postgres is not reached yet");
        }
    };
    let service = |used: bool, name: &'static str| async move {
        if used && let Err(error) = client.warm(name).await {
            tracing::warn!(error = chain(&*error), service = name, "not reached yet");
        }
    };
    let on_aws = !app.config.ports_in_postgres;
    let all = futures_util::future::join4(
        postgres,
        service(on_aws && uses.key_value, "dynamodb"),
        service(on_aws && !uses.sends.is_empty(), "sqs"),
        service(uses.objects, "s3"),
    );
    if tokio::time::timeout(PATIENCE, all).await.is_err() {
        tracing::warn!("not everything was reached in time");
    }
}

/// No instant since 1970 is as early as this, and no invocation as long.
const A_DAY_MS: u64 = 86_400_000;

fn deadline(context: &lambda_runtime::Context) -> Deadline {
    let now_ms = u64::try_from(Clock::System.now().as_millisecond()).unwrap_or_default();
    // Lambda tells the instant; `cargo lambda watch` how long it waits.
    let left_ms = match context.deadline {
        waits_ms @ ..=A_DAY_MS => waits_ms,
        at_ms => at_ms.saturating_sub(now_ms),
    };
    let left = Duration::from_millis(left_ms);
    Deadline::within(left.min(LONGEST).saturating_sub(RESERVE))
}
