//! AWS on this machine: the emulator, its queues and its tables.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use app::config::AwsEnvironment;
use app::port::MAX_ATTEMPTS;
use app::{App, Clock, Config, Parts};
use aws::client::Client;
use aws::key_value::DynamoKeyValue;
use aws::queue::SqsQueue;
use domain::message::QueueName;
use serde_json::{Value, json};
use store::{Db, DbOptions};
use uuid::Uuid;

use crate::tools::{Tools, say};

const REGION: &str = "eu-central-1";
const ACCOUNT: &str = "123456789012";

/// An emulator of SQS, DynamoDB and S3, one for each test process.
pub struct Moto {
    port: u16,
    /// It ends when its standard input does: with this process.
    _process: Child,
}

impl Moto {
    /// Starts it when it does not run yet.
    ///
    /// # Panics
    /// Panics when it does not start.
    pub fn get() -> &'static Self {
        static MOTO: OnceLock<Moto> = OnceLock::new();
        MOTO.get_or_init(|| {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/emulator.py");
            let mut process = Tools::get()
                .command("python")
                .arg(script)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("python starts");
            let output = process.stdout.take().expect("its output is piped");
            let mut port = String::new();
            BufReader::new(output).read_line(&mut port).expect("the emulator says its port");
            let port = port.trim().parse().expect("the emulator starts");
            say(&format!("Started moto for the tests: SQS, DynamoDB and S3 on port {port}"));
            Self { port, _process: process }
        })
    }

    /// Addresses and credentials that lead to the emulator.
    #[must_use]
    pub fn config(&self) -> Config {
        config_at(&format!("http://127.0.0.1:{}", self.port))
    }

    /// Every queue with its dead letters, as the template makes them; nobody else knows them.
    #[must_use]
    pub fn queues(&self) -> BTreeMap<QueueName, String> {
        QueueName::ALL.map(|queue| (queue, self.queue(queue))).into()
    }

    /// The same as a port.
    ///
    /// # Panics
    /// Never: the configuration names no file.
    #[must_use]
    pub fn queue_port(&self) -> SqsQueue {
        let client = Client::new(&self.config()).expect("no file is named");
        SqsQueue::new(client, self.queues(), Duration::ZERO)
    }

    /// A table as the template makes it; answers its name.
    #[must_use]
    pub fn table(&self) -> String {
        let name = format!("records-{}", Uuid::now_v7());
        let table = json!({
            "TableName": name,
            "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        });
        self.ask("dynamodb", "DynamoDB_20120810.CreateTable", &table);
        name
    }

    /// A port of records in `table`.
    ///
    /// # Panics
    /// Never: the configuration names no file.
    #[must_use]
    pub fn key_value_port(&self, table: &str, clock: Clock) -> DynamoKeyValue {
        let client = Client::new(&self.config()).expect("no file is named");
        DynamoKeyValue::new(client, table.to_owned(), clock)
    }

    /// A bucket; answers its name.
    #[must_use]
    pub fn bucket(&self) -> String {
        let name = format!("objects-{}", Uuid::now_v7());
        let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1\
                     </LocationConstraint></CreateBucketConfiguration>";
        let head = format!("PUT /{name} HTTP/1.1\r\n{}", authorization("s3"));
        exchange(self.port, &head, place.as_bytes());
        name
    }

    /// What a client finds, or leaves, at a signed address of the emulator.
    #[must_use]
    pub fn exchange(&self, method: &str, url: &str, body: &[u8]) -> Vec<u8> {
        let (_, path) = url.split_once(&self.port.to_string()).unwrap_or(("", url));
        exchange(self.port, &format!("{method} {path} HTTP/1.1\r\n"), body)
    }

    /// An application on the ports of AWS, without Postgres and without mail.
    ///
    /// # Panics
    /// Panics when the emulator cannot be used.
    #[must_use]
    pub fn app(&self, queue: Arc<SqsQueue>) -> App {
        let config = Config {
            key_value_table: self.table(),
            objects_bucket: self.bucket(),
            ..self.config()
        };
        let client = Client::new(&config).expect("no file is named");
        App::new(Parts {
            db: Db::new(DbOptions {
                url: String::new(),
                tls_ca_file: None,
                connections: 1,
                direct: false,
                checks_role: true,
            }),
            queue,
            key_value: Arc::new(self.key_value_port(&config.key_value_table, Clock::System)),
            mailer: Arc::new(
                providers::mail::Folder::new(std::env::temp_dir(), MAIL_FROM)
                    .expect("the sender is an address"),
            ),
            objects: Some(aws::objects::objects(&client, &config).expect("a bucket")),
            gateway: None,
            courier: config.courier(),
            clock: Clock::System,
            config,
        })
    }

    fn queue(&self, queue: QueueName) -> String {
        let suffix = if queue.is_fifo() { ".fifo" } else { "" };
        let name = format!("{}-{}", queue.as_str(), Uuid::now_v7());
        let dead = format!("{name}-dead{suffix}");
        let mut attributes = json!({});
        if queue.is_fifo() {
            attributes["FifoQueue"] = "true".into();
        }
        self.create_queue(&dead, &attributes);
        let policy = json!({
            "deadLetterTargetArn": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{dead}"),
            "maxReceiveCount": MAX_ATTEMPTS,
        });
        attributes["RedrivePolicy"] = policy.to_string().into();
        self.create_queue(&format!("{name}{suffix}"), &attributes)
    }

    fn create_queue(&self, name: &str, attributes: &Value) -> String {
        let asked = json!({ "QueueName": name, "Attributes": attributes });
        let answer = self.ask("sqs", "AmazonSQS.CreateQueue", &asked);
        answer["QueueUrl"].as_str().expect("the queue has an address").to_owned()
    }

    fn ask(&self, service: &str, target: &str, body: &Value) -> Value {
        let kind = if service == "sqs" { "1.0" } else { "1.1" };
        let head = format!(
            "POST / HTTP/1.1\r\nX-Amz-Target: {target}\r\n\
             Content-Type: application/x-amz-json-{kind}\r\n{}",
            authorization(service)
        );
        let answer = exchange(self.port, &head, body.to_string().as_bytes());
        serde_json::from_slice(&answer).expect("the emulator answers JSON")
    }
}

/// The ARN of the queue at an address of the emulator.
///
/// # Panics
/// Panics when it is none.
#[must_use]
pub fn arn(url: &str) -> String {
    let (_, name) = url.rsplit_once('/').expect("an address ends with the name");
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// Addresses and credentials that lead to whoever listens at `url`.
#[must_use]
pub fn config_at(url: &str) -> Config {
    Config {
        aws: AwsEnvironment {
            region: REGION.to_owned(),
            access_key_id: "test".to_owned(),
            secret_access_key: "test".to_owned(),
            session_token: None,
            endpoint_url: Some(url.to_owned()),
        },
        ..Config::default()
    }
}

const MAIL_FROM: &str = "Takings <reports@example.com>";

/// The emulator does not check signatures, but reads from them which service is meant.
fn authorization(service: &str) -> String {
    format!(
        "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0\r\n"
    )
}

/// Sends one request and answers the body; panics unless the status is 200.
fn exchange(port: u16, head: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the emulator listens");
    let length = body.len();
    let head = format!(
        "{head}Host: 127.0.0.1:{port}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the emulator reads");
    stream.write_all(body).expect("the emulator reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the emulator answers");
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains(" 200 "), "{text}");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    answer.split_off(end + 4)
}
