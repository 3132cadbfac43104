//! Every sample under `events/`, through both hosts: the same answer, the same rows afterwards.
//! What the answer is, stands in `snapshots/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use app::{Function, Trigger};
use serde_json::{Map, Value, json};
use store::meter::Meter;
use tests::World;

use self::seeds::Tables;

/// What a sample is answered on Lambda.
mod lambda;
/// What the same sample is answered by `local`.
mod local_side;
/// What may differ between two runs, made equal.
mod normal;
/// How often a call asks Postgres.
mod round_trips;
/// What is there before a sample arrives.
pub(crate) mod seeds;

/// One file.
struct Sample {
    function: &'static str,
    name: String,
    event: Value,
}

const AT_LEAST: usize = 4;

#[test]
fn every_function_has_samples_and_every_folder_is_a_functions() {
    let functions: BTreeSet<&str> = local::functions::all().iter().map(|each| each.name).collect();
    for function in &functions {
        let count = samples_of(function).len();
        assert!(count >= AT_LEAST, "events/{function} has {count} samples, not {AT_LEAST}");
    }
    let folders = fs::read_dir(folder()).unwrap().map(Result::unwrap);
    for entry in folders.filter(|entry| entry.path().is_dir()) {
        let name = entry.file_name().into_string().unwrap();
        assert!(functions.contains(name.as_str()), "events/{name} is no function's");
    }
}

#[test]
fn every_snapshot_is_of_a_sample() {
    let all = local::functions::all();
    let known: BTreeSet<String> =
        all.iter().flat_map(|each| samples_of(each.name)).map(|sample| sample.snapshot()).collect();
    let snapshots = concat!(env!("CARGO_MANIFEST_DIR"), "/it/snapshots");
    for entry in fs::read_dir(snapshots).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let stem = name.strip_suffix(".snap").unwrap_or(&name);
        assert!(known.contains(stem), "tests/it/snapshots/{name} has no sample any more");
    }
}

#[tokio::test]
async fn every_request_is_answered_alike_by_both_hosts() {
    run(|trigger| matches!(trigger, Trigger::Http(_))).await;
}

#[tokio::test]
async fn every_message_is_handled_alike_by_both_hosts() {
    run(|trigger| matches!(trigger, Trigger::Queue(..))).await;
}

#[tokio::test]
async fn every_tick_and_command_is_done_alike_by_both_hosts() {
    run(|trigger| matches!(trigger, Trigger::Schedule(..) | Trigger::Command(_))).await;
}

async fn run(wanted: impl Fn(&Trigger) -> bool) {
    for function in local::functions::all().into_iter().filter(|each| wanted(&each.trigger)) {
        let (mut lambda, mut local) = (None, None);
        for sample in samples_of(function.name) {
            let (on_lambda, on_local) =
                tokio::join!(sample.on_lambda(&mut lambda), sample.on_local(&mut local));
            let name = format!("events/{}/{}.json", sample.function, sample.name);
            assert_eq!(pretty(&on_lambda), pretty(&on_local), "Lambda and local differ on {name}");
            let mut settings = insta::Settings::clone_current();
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| insta::assert_json_snapshot!(sample.snapshot(), on_lambda));
        }
    }
}

impl Sample {
    async fn on_lambda(&self, pristine: &mut Option<World>) -> Value {
        let (world, before) = self.world(pristine).await;
        let meter = Meter::default();
        let answering = lambda::answer(&world, self.function(), &self.event);
        let answer = meter.measure(answering).await;
        assert_eq!(round_trips::too_many(&self.event, meter.round_trips()), None);
        self.told(world, answer, &before, pristine).await
    }

    async fn on_local(&self, pristine: &mut Option<World>) -> Value {
        let (world, before) = self.world(pristine).await;
        let answer = local_side::answer(&world, self.function(), &self.event).await;
        self.told(world, answer, &before, pristine).await
    }

    /// A world as every sample finds it: a fresh one, or one that nothing has touched.
    async fn world(&self, pristine: &mut Option<World>) -> (World, Tables) {
        let world = match pristine.take() {
            Some(world) => world,
            None => {
                let world = World::sample().await;
                seeds::sow(&world, self.function).await;
                world
            }
        };
        let before = seeds::tables(&world).await;
        (world, before)
    }

    /// The answer, and by how much each table grew.
    async fn told(
        &self,
        world: World,
        answer: Value,
        before: &Tables,
        pristine: &mut Option<World>,
    ) -> Value {
        let after = seeds::tables(&world).await;
        // Points that were counted against the key's minute are remembered by the process.
        if after == *before && answer["headers"].get("ratelimit-remaining").is_none() {
            *pristine = Some(world);
        }
        // Where the samples themselves lie, on the one side only.
        let consumes = matches!(self.function().trigger, Trigger::Queue(..));
        let grown = after.into_iter().filter_map(|(table, (count, _content))| {
            let grown = count - before.get(&table).map_or(0, |(count, _content)| *count);
            (grown != 0 && !(consumes && table.starts_with("job"))).then(|| (table, json!(grown)))
        });
        let rows: Map<String, Value> = grown.collect();
        normal::normal(json!({ "answer": answer, "rows": rows }))
    }

    fn function(&self) -> Function {
        let mut all = local::functions::all().into_iter();
        all.find(|each| each.name == self.function).expect("samples are read by function")
    }

    fn snapshot(&self) -> String {
        format!("{}__{}", self.function, self.name)
    }
}

fn samples_of(function: &'static str) -> Vec<Sample> {
    let Ok(entries) = fs::read_dir(folder().join(function)) else { return vec![] };
    let mut samples: Vec<Sample> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let event = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(path.extension().unwrap(), "json", "{}", path.display());
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            Sample { function, name, event }
        })
        .collect();
    samples.sort_by(|one, other| one.name.cmp(&other.name));
    samples
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../events"))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value is JSON")
}
