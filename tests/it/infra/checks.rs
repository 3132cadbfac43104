//! What no linter knows: the template against the functions, and against the rules of the house.

use std::collections::BTreeSet;
use std::path::Path;

use domain::message::QueueName;
use serde_json::Value;

use super::schedule;
use super::template::{Template, items, target, text};
use super::wanted::{Start, Wanted, dead_letters_resource, queue_resource};

type Check = fn(&Template<'_>, &[Wanted]) -> Vec<String>;

const CHECKS: [(&str, Check); 10] = [
    ("functions", functions),
    ("sizes", sizes),
    ("routes", routes),
    ("canary", canary),
    ("schedules", schedules),
    ("mappings", mappings),
    ("queues", queues),
    ("permissions", permissions),
    ("environment", environment),
    ("alarms", alarms),
];

/// What CodeDeploy has for Lambda.
const CANARIES: [&str; 10] = [
    "AllAtOnce",
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
    "Linear10PercentEvery5Minutes",
];

/// Every finding: the name of the check and what it found, cfn-lint's among them.
pub(crate) fn findings(template: &Template<'_>, wanted: &[Wanted]) -> Vec<(String, String)> {
    let lint = template.lint().map(|(rule, message)| (format!("cfn-lint {rule}"), message.into()));
    let ours = CHECKS.iter().flat_map(|(name, check)| {
        let found = check(template, wanted);
        found.into_iter().map(move |message| ((*name).to_owned(), message))
    });
    lint.chain(ours).collect()
}

/// One name: folder, crate, binary, resource, samples, and the code that is uploaded.
fn functions(template: &Template<'_>, wanted: &[Wanted]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let written: BTreeSet<String> = template.functions().into_keys().map(str::to_owned).collect();
    let coded: BTreeSet<String> = wanted.iter().map(Wanted::resource).collect();
    let alone = written.symmetric_difference(&coded);
    let mut found: Vec<_> = alone.map(|name| format!("{name} has no other half")).collect();
    for function in wanted {
        let name = function.name;
        let properties = template.properties(&function.resource());
        let code = text(&properties["CodeUri"]);
        expect_eq(&mut found, name, code, &format!("../target/lambda/{name}/"));
        let deployed = text(&properties["FunctionName"]["Fn::Sub"]);
        expect_eq(&mut found, name, deployed, &format!("${{AWS::StackName}}-{name}"));
        let manifest = root.join("functions").join(name).join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).unwrap_or_default();
        let binary = format!("[[bin]]\nname = \"{name}\"\n");
        if !manifest.contains(&binary) {
            found.push(format!("functions/{name} does not build the binary {name}"));
        }
        if !root.join("events").join(name).is_dir() {
            found.push(format!("events/{name} is missing"));
        }
    }
    found
}

/// Enough memory for TLS, and a timeout that its caller waits for.
fn sizes(template: &Template<'_>, wanted: &[Wanted]) -> Vec<String> {
    let mut found = Vec::new();
    for function in wanted {
        let (name, resource) = (function.name, function.resource());
        let limit_s = if let Start::Http(_) = function.start { 29 } else { 900 };
        for (property, range) in [("MemorySize", 256..=10_240), ("Timeout", 3..=limit_s)] {
            let value = template.of_function(&resource, property).as_u64().unwrap_or_default();
            if !range.contains(&value) {
                found.push(format!("{name}: {property} {value} is not within {range:?}"));
            }
        }
        if template.of_function(&resource, "Architectures") != &serde_json::json!(["arm64"]) {
            found.push(format!("{name} is not built for arm64"));
        }
    }
    found
}

/// The routes of each function are those that its router serves.
fn routes(template: &Template<'_>, wanted: &[Wanted]) -> Vec<String> {
    let mut found = Vec::new();
    for function in wanted {
        let events = template.events(&function.resource(), "HttpApi");
        let written: BTreeSet<_> = events
            .iter()
            .map(|event| (text(&event["Method"]).to_owned(), text(&event["Path"]).to_owned()))
            .collect();
        let none = BTreeSet::new();
        let served = if let Start::Http(routes) = &function.start { routes } else { &none };
        for (method, path) in written.symmetric_difference(served) {
            let side = if served.contains(&(method.clone(), path.clone())) {
                "the template lacks"
            } else {
                "the code does not serve"
            };
            found.push(format!("{}: {side} {method} {path}", function.name));
        }
    }
    found
}

/// HTTP functions shift by canary, under the eyes of an alarm; nothing else has an alias.
fn canary(template: &Template<'_>, wanted: &[Wanted]) -> Vec<String> {
    let mut found = Vec::new();
    for function in wanted {
        let (name, resource) = (function.name, function.resource());
        let preference = template.of_function(&resource, "DeploymentPreference");
        if !matches!(function.start, Start::Http(_)) {
            if !preference.is_null() {
                found.push(format!("{name} has no traffic to shift"));
            }
            continue;
        }
        let kind = text(&preference["Type"]);
        if !CANARIES.contains(&kind) || kind == "AllAtOnce" {
            found.push(format!("{name}: {kind} is no canary"));
        }
        if items(&preference["Alarms"]).is_empty() {
            found.push(format!("{name}: no alarm can stop its canary"));
        }
        for property in ["AutoPublishAlias", "AutoPublishAliasAllProperties"] {
            if template.of_function(&resource, property).is_null() {
                found.push(format!("{name}: {property} is missing, so nothing would shift"));
            }
        }
    }
    found
}

/// Schedules are well formed, fire when the code says, and lose no tick silently.
fn schedules(template: &Template<'_>, wanted: &[Wanted]) -> Vec<String> {
    let mut found = Vec::new();
    for function in wanted {
        let (name, resource) = (function.name, function.resource());
        let events = template.events(&resource, "ScheduleV2");
        for event in &events {
            if let Err(problem) = schedule::check(text(&event["ScheduleExpression"])) {
                found.push(format!("{name}: {problem}"));
            }
        }
        let Start::Schedule(expression) = &function.start else {
            expect_eq(&mut found, name, events.len(), 0);
            continue;
        };
        let [event] = events[..] else {
            found.push(format!("{name} has {} schedules", events.len()));
            continue;
        };
        expect_eq(&mut found, name, text(&event["ScheduleExpression"]), expression);
        expect_eq(&mut found, name, text(&event["ScheduleExpressionTimezone"]), "UTC");
        if event["RetryPolicy"]["MaximumRetryAttempts"].as_u64().is_none_or(|tries| tries == 0) {
            found.push(format!("{name}: the scheduler does not try again"));
        }
        // The scheduler knows only that the call was accepted; what follows is the function's.
        let failed_calls = &event["DeadLetterConfig"]["Arn"];
        let invoke = &template.properties(&resource)["EventInvokeConfig"]["DestinationConfig"];
        for queue in [failed_calls, &invoke["OnFailure"]["Destination"]] {
            expect_eq(&mut found, name, target(queue), "ScheduleDeadLetters".to_owned());
        }
    }
    found
}

/// Each consumer reads its queue, reports failures one by one, and has a ceiling.
fn mappings(template: &Template<'_>, wanted: &[Wanted]) -> Vec<String> {
    let all = template.of_type("AWS::Lambda::EventSourceMapping");
    let mut found = Vec::new();
    for function in wanted {
        let (name, resource) = (function.name, function.resource());
        if !template.events(&resource, "SQS").is_empty() {
            found.push(format!("{name}: SAM's SQS event may read every queue, write a mapping"));
        }
        let own = all.values().filter(|mapping| target(&mapping["FunctionName"]) == resource);
        let own: Vec<&Value> = own.copied().collect();
        let Start::Queue(queue) = function.start else {
            expect_eq(&mut found, name, own.len(), 0);
            continue;
        };
        let [mapping] = own[..] else {
            found.push(format!("{name} has {} mappings", own.len()));
            continue;
        };
        expect_eq(&mut found, name, target(&mapping["EventSourceArn"]), queue_resource(queue));
        if mapping["FunctionResponseTypes"] != serde_json::json!(["ReportBatchItemFailures"]) {
            found.push(format!("{name}: one bad message would fail its batch"));
        }
        let ceiling = mapping["ScalingConfig"]["MaximumConcurrency"].as_u64().unwrap_or_default();
        if !(2..=1000).contains(&ceiling) {
            found.push(format!("{name}: MaximumConcurrency {ceiling} is not within 2 to 1000"));
        }
        let batch = mapping["BatchSize"].as_u64().unwrap_or_default();
        if !(1..=10).contains(&batch) || !mapping["MaximumBatchingWindowInSeconds"].is_null() {
            found.push(format!("{name}: batches are of 1 to 10 messages, without a window"));
        }
    }
    found
}

/// Each queue is of the right kind, hides what is being worked on, and keeps what failed.
fn queues(template: &Template<'_>, wanted: &[Wanted]) -> Vec<String> {
    let mut found = Vec::new();
    for queue in QueueName::ALL {
        let name = queue_resource(queue);
        let dead_name = dead_letters_resource(queue);
        let (live, dead) = (template.properties(&name), template.properties(&dead_name));
        for (name, kind) in [(&name, live), (&dead_name, dead)] {
            let fifo = kind["FifoQueue"].as_bool().unwrap_or_default();
            expect_eq(&mut found, name, fifo, queue.is_fifo());
            let suffix = text(&kind["QueueName"]["Fn::Sub"]).ends_with(".fifo");
            expect_eq(&mut found, name, suffix, queue.is_fifo());
        }
        let redrive = &live["RedrivePolicy"];
        expect_eq(&mut found, &name, target(&redrive["deadLetterTargetArn"]), dead_name);
        if redrive["maxReceiveCount"].as_u64().unwrap_or_default() < 5 {
            found.push(format!("{name}: fewer than 5 tries"));
        }
        let kept = |queue: &Value| queue["MessageRetentionPeriod"].as_u64().unwrap_or_default();
        if kept(dead) <= kept(live) {
            found.push(format!("{name}: dead letters must outlive the living"));
        }
        let visibility_s = live["VisibilityTimeout"].as_u64().unwrap_or_default();
        let reads = |function: &&Wanted| matches!(function.start, Start::Queue(of) if of == queue);
        for function in wanted.iter().filter(reads) {
            let timeout = template.of_function(&function.resource(), "Timeout");
            let timeout_s = timeout.as_u64().unwrap_or(900);
            if visibility_s < 6 * timeout_s {
                found.push(format!("{name}: {visibility_s} s is under six times {timeout_s} s"));
            }
        }
    }
    found
}

/// Each role may do what its function uses, and nothing more.
fn permissions(template: &Template<'_>, wanted: &[Wanted]) -> Vec<String> {
    let mut found = Vec::new();
    for function in wanted {
        let (given, needed) = (template.grants(&function.resource()), function.grants());
        let name = function.name;
        found.extend(given.difference(&needed).map(|grant| format!("{name} must not {grant}")));
        found.extend(needed.difference(&given).map(|grant| format!("{name} may not {grant}")));
    }
    found
}

/// Each function has the variables of what it uses, and the secret of its own role.
fn environment(template: &Template<'_>, wanted: &[Wanted]) -> Vec<String> {
    let mut found = Vec::new();
    for function in wanted {
        let (given, needed) = (template.environment(&function.resource()), function.environment());
        let given_names: BTreeSet<String> = given.keys().map(|name| (*name).to_owned()).collect();
        let needed_names: BTreeSet<String> = needed.keys().cloned().collect();
        for variable in given_names.symmetric_difference(&needed_names) {
            found.push(format!("{}: {variable} is in one place only", function.name));
        }
        for (variable, secret) in &needed {
            let value = given.get(variable.as_str()).map(String::as_str).unwrap_or_default();
            let resolved = value.contains("{{resolve:secretsmanager:");
            let ends_with = |key| value.contains(&format!(":SecretString:{key}}}}}"));
            let right = secret.is_none_or(ends_with);
            if resolved != secret.is_some() || !right {
                found.push(format!("{}: {variable} is {value}", function.name));
            }
            if let Some(queue) = variable.strip_prefix("QUEUE_URL_") {
                let queue = QueueName::parse(&queue.to_lowercase()).map(queue_resource);
                let right = queue.is_some_and(|queue| value == format!("{{\"Ref\":\"{queue}\"}}"));
                if !right {
                    found.push(format!("{}: {variable} is {value}", function.name));
                }
            }
        }
    }
    found
}

/// A dead letter, or a message that waits, wakes a person.
fn alarms(template: &Template<'_>, _: &[Wanted]) -> Vec<String> {
    let all = template.of_type("AWS::CloudWatch::Alarm");
    let mut found = Vec::new();
    for (name, alarm) in &all {
        if items(&alarm["AlarmActions"]).is_empty() {
            found.push(format!("{name} tells nobody"));
        }
    }
    let watched = |queue: &str, metric: &str| {
        all.values().any(|alarm| {
            text(&alarm["MetricName"]) == metric
                && items(&alarm["Dimensions"]).iter().any(|of| target(&of["Value"]) == queue)
        })
    };
    for queue in template.of_type("AWS::SQS::Queue").into_keys() {
        let metric = if queue.ends_with("DeadLetters") {
            "ApproximateNumberOfMessagesVisible"
        } else {
            "ApproximateAgeOfOldestMessage"
        };
        if !watched(queue, metric) {
            found.push(format!("{metric} of {queue} has no alarm"));
        }
    }
    found
}

fn expect_eq<T: PartialEq + std::fmt::Debug>(found: &mut Vec<String>, of: &str, is: T, wanted: T) {
    if is != wanted {
        found.push(format!("{of}: {is:?} should be {wanted:?}"));
    }
}
