//! The template, held against the functions, the rules of the house and the outside checkers.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};
use tests::tools::Tools;

use self::mistakes::MISTAKES;
use self::template::Template;
use self::wanted::Wanted;

mod checks;
mod mistakes;
mod schedule;
mod template;
mod wanted;

const AS_IT_IS: &str = "as it is";

/// The template and each of its seeded mistakes, expanded and linted in one run of the tools.
static REPORTS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let path = folder().join("infra/template.yaml");
    let text = std::fs::read_to_string(path).expect("the repository has a template");
    let variant = |text: &str, lint: bool| json!({ "template": text, "lint": lint });
    let mut variants = BTreeMap::from([(AS_IT_IS, variant(&text, true))]);
    for mistake in &MISTAKES {
        let after = text.find(mistake.after).unwrap_or_else(|| panic!("{} is gone", mistake.after));
        let (before, rest) = text.split_at(after);
        assert!(rest.contains(mistake.is), "{}: {} is gone", mistake.name, mistake.is);
        let mistaken = format!("{before}{}", rest.replacen(mistake.is, mistake.becomes, 1));
        // Linting takes seconds: only for the mistakes that a linter is to catch.
        let lint = mistake.caught_by.iter().any(|check| check.starts_with("cfn-lint"));
        let known = variants.insert(mistake.name, variant(&mistaken, lint));
        assert!(known.is_none(), "{} is twice", mistake.name);
    }
    let mut python = Tools::get().command("python");
    let asked = json!(variants).to_string();
    let answer = run(python.arg(folder().join("tests/tools/template.py")), asked.as_bytes());
    let reports = answer.and_then(|json| serde_json::from_slice(&json).map_err(io::Error::from));
    reports.unwrap_or_else(|error| panic!("tests/tools/template.py: {error}"))
});

#[test]
fn the_template_holds_against_the_functions_and_against_cfn_lint() {
    let found = checks::findings(&Template(&REPORTS[AS_IT_IS]), &wanted());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_template_passes_sam_validate() {
    let mut sam = Tools::get().command("sam");
    sam.args(["validate", "--lint", "--region", "eu-central-1", "--template"]);
    run(sam.arg(folder().join("infra/template.yaml")), b"").unwrap();
}

#[test]
fn every_seeded_mistake_is_caught_by_its_check() {
    let wanted = wanted();
    let before = checks::findings(&Template(&REPORTS[AS_IT_IS]), &wanted);
    let mut missed = Vec::new();
    for mistake in &MISTAKES {
        let mut found = checks::findings(&Template(&REPORTS[mistake.name]), &wanted);
        found.retain(|finding| !before.contains(finding));
        for check in mistake.caught_by {
            if !found.iter().any(|(by, _)| by == check) {
                missed.push(format!("{} is not caught by {check}: {found:#?}", mistake.name));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// With an @ the version of a ban is exact, so that a floor would hold nobody back.
#[test]
fn the_floors_of_deny_toml_are_ranges() {
    let text = std::fs::read_to_string(folder().join("deny.toml")).unwrap();
    let floors = text.lines().filter(|line| line.contains('<') && line.contains("crate = "));
    let exact: Vec<&str> = floors.clone().filter(|line| !line.contains(":<")).collect();
    assert!(floors.count() >= 8 && exact.is_empty(), "{exact:#?}");
}

fn wanted() -> Vec<Wanted> {
    local::functions::all().into_iter().map(Wanted::of).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the command writes, or what it complains of.
fn run(command: &mut Command, input: &[u8]) -> io::Result<Vec<u8>> {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    child.stdin.take().expect("it was asked for").write_all(input)?;
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let words = [output.stdout, output.stderr].concat();
    Err(io::Error::other(String::from_utf8_lossy(&words)))
}
