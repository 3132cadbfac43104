//! How much memory functions take, each alone in a process, with 10,000 products.

use std::fmt::Write as _;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use app::Role;
use aws::client::Client;
use domain::access::Scope;
use domain::message::ImportMessage;
use http::Method;
use serde_json::{Value, json};
use tests::World;
use tests::lambda::function;
use tests::moto::Moto;
use tests::runtime_api::{self, Step, What};

const TEMPLATE: &str = include_str!("../../infra/template.yaml");
const PRODUCTS: &str = include_str!("../bench/search/fill.sql");
/// An invocation has 29 seconds, and a debug build on a busy machine needs most of them.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a function takes with 10,000 products, of the memory that it has: with ten times as many
/// products or lines, a leak or a list that is held whole would be seen long before.
const SHARE: u64 = 4;

/// A function in a process of its own, as Lambda runs it.
struct Alone {
    process: Child,
    steps: Receiver<Step>,
}

impl Alone {
    fn start(name: &str, environment: &[(&str, String)], events: Vec<Value>) -> Self {
        let (address, steps) = runtime_api::serve(events);
        let process = Command::new(std::env::current_exe().unwrap())
            .args([&format!("memory::{name}"), "--exact", "--ignored"])
            .envs(runtime_api::environment(address))
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, steps }
    }

    /// What it answers next.
    fn answer(&self) -> Value {
        loop {
            match self.steps.recv_timeout(PATIENCE).expect("it goes on").what {
                What::Asked => {}
                What::Answered(_, answer) => return answer,
                other => panic!("{other:?}"),
            }
        }
    }

    /// The most memory that it ever had, in KiB.
    fn peak_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap()
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        let _gone = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// What the template gives a function, in KiB.
fn memory_kib(resource: &str) -> u64 {
    let size = |text: &str| {
        let (_, rest) = text.split_once("MemorySize: ")?;
        rest.lines().next()?.trim().parse::<u64>().ok()
    };
    let (_, of_it) = TEMPLATE.split_once(&format!("\n  {resource}:\n")).expect("it is there");
    let end = of_it.match_indices("\n  ").find(|(at, _)| !of_it[at + 3..].starts_with(' '));
    let own = size(end.map_or(of_it, |(at, _)| &of_it[..at]));
    own.or_else(|| size(TEMPLATE)).expect("all have some") * 1024
}

fn within(name: &str, resource: &str, peak_kib: u64) {
    let most_kib = memory_kib(resource) / SHARE;
    assert!(peak_kib > 5_000, "{name}: nothing was measured: {peak_kib} KiB");
    assert!(peak_kib <= most_kib, "{name} took {peak_kib} KiB of {most_kib}");
}

#[test]
fn the_memory_of_a_function_is_its_own_or_else_that_of_all() {
    assert_eq!(memory_kib("CatalogFunction"), 512 * 1024);
    assert_eq!(memory_kib("ImportRunFunction"), 1769 * 1024);
}

#[test]
#[ignore = "a function that other tests host"]
fn catalog_alone() {
    if app::config::read("AWS_LAMBDA_RUNTIME_API").is_some() {
        let _exit = aws::run(function("catalog"));
    }
}

#[test]
#[ignore = "a function that other tests host"]
fn import_run_alone() {
    if app::config::read("AWS_LAMBDA_RUNTIME_API").is_some() {
        let _exit = aws::run_with_objects(function("import-run"));
    }
}

fn environment(world: &World) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", world.database_url(Role::App).to_owned()),
        ("PORTS", "postgres".to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
    ]
}

fn request(method: &Method, target: &str, key: &str, body: &str) -> Value {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": { "authorization": format!("Bearer {key}"), "host": "api.takings.example",
                     "content-type": "text/csv" },
        "requestContext": {
            "accountId": "123456789012", "apiId": "sample", "stage": "$default",
            "domainName": "api.takings.example", "domainPrefix": "api", "requestId": "id",
            "routeKey": "$default", "time": "21/Nov/2026:07:00:00 +0000",
            "timeEpoch": 1_795_244_400_000_u64,
            "http": { "method": method.as_str(), "path": path, "protocol": "HTTP/1.1",
                      "sourceIp": "192.0.2.1", "userAgent": "test" },
        },
        "body": body, "isBase64Encoded": false,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_the_catalog_lists_finds_and_takes_10_000_products_in_and_out_in_a_part_of_its_memory()
{
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    for statement in PRODUCTS.replace("100000", "10000").split_terminator(";\n") {
        world.sql(statement).await;
    }
    world.sql("analyze").await;
    assert_eq!(world.count("select count(*) from product").await, 10_000);
    let key = world.key(&[Scope::CatalogRead, Scope::CatalogWrite]).await;
    let mut events: Vec<Value> = ["", "?q=linen+shirt", "?q=shrit", "?category=shirts&limit=200"]
        .map(|query| request(&Method::GET, &format!("/v1/products{query}"), &key, ""))
        .into();
    let mut page = "/v1/products.csv".to_owned();
    let mut sheets = vec![];
    loop {
        let answer = world.get(&page, &key).await.expect(200);
        events.push(request(&Method::GET, &page, &key, ""));
        sheets.push(answer.text());
        let Some(next) = answer.header("link").strip_prefix('<').and_then(|it| it.split_once('>'))
        else {
            break;
        };
        page = next.0.to_owned();
    }
    assert_eq!(sheets.iter().map(|sheet| sheet.lines().count() - 1).sum::<usize>(), 10_000);
    // One sheet is written, the others are compared.
    let changed = sheets[0].replace("model", "Model");
    for sheet in std::iter::once(&changed).chain(&sheets[1..]) {
        events.push(request(&Method::POST, "/v1/products.csv", &key, sheet));
    }
    let count = events.len();
    let alone = Alone::start("catalog_alone", &environment(&world), events);
    for number in 0..count {
        let answer = alone.answer();
        assert_eq!(answer["statusCode"], 200, "event {number}: {answer}");
    }
    within("catalog", "CatalogFunction", alone.peak_kib());
    let written = "select count(*) from product where title like '%Model%'";
    assert_eq!(world.count(written).await, 1_000);
}

/// A line of each product, ten times, over ten days.
fn sales() -> String {
    let mut file =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
            .to_owned();
    for line in 0..100_000 {
        let (day, minute) = (1 + line / 10_000, line % 1_440);
        let _ = write!(
            file,
            "\n{},SKU{},Mug,{},2025-06-{day:02} {:02}:{:02},2.50,17,France",
            line / 3,
            line % 10_000,
            1 + line % 4,
            minute / 60,
            minute % 60
        );
    }
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn f46_a_year_of_10_000_products_is_imported_in_a_part_of_the_memory() {
    let moto = Moto::get();
    let mut config = moto.config();
    config.objects_bucket = moto.bucket();
    let client = Client::new(&config).unwrap();
    let objects = aws::objects::objects(&client, &config).unwrap();
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let world = world.with_setup(|setup| setup.objects = objects);
    let key = world.key(&[Scope::ImportsWrite]).await;
    let wanted = json!({ "kind": "sales", "file_name": "year.csv" });
    let import = world.post("/v1/imports", &key, &wanted).await.expect(201).json;
    let url = import["upload"]["url"].as_str().unwrap();
    assert!(moto.exchange("PUT", url, sales().as_bytes()).is_empty(), "it is taken");
    let id = import["id"].as_str().unwrap();
    world.post(&format!("/v1/imports/{id}/run"), &key, &json!({})).await.expect(202);
    let tenant = world.tenant().number;
    let message = ImportMessage::Proceed { tenant, import: id.parse().unwrap() };
    let record = json!({ "Records": [{
        "messageId": "one", "body": serde_json::to_string(&message).unwrap(),
        "attributes": { "ApproximateReceiveCount": "1" } }] });
    let mut environment = environment(&world);
    environment.push(("OBJECTS_BUCKET", config.objects_bucket.clone()));
    environment.push(("AWS_ENDPOINT_URL", config.aws.endpoint_url.clone().unwrap()));
    // Whoever has not done all of it asks to go on.
    let alone = Alone::start("import_run_alone", &environment, vec![record; 20]);
    let path = format!("/v1/imports/{id}");
    loop {
        assert_eq!(alone.answer(), json!({ "batchItemFailures": [] }));
        let told = world.get(&path, &key).await.expect(200).json;
        match told["status"].as_str().unwrap() {
            "running" | "waiting" => {}
            "done" => {
                assert_eq!(told["lines_done"], 100_000, "{told}");
                break;
            }
            other => panic!("{other}: {told}"),
        }
    }
    within("import-run", "ImportRunFunction", alone.peak_kib());
}
