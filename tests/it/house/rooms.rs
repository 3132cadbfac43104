use super::tree::{File, Tree};

const CARD: [&str; 5] = ["Trigger", "Reads", "Writes", "Emits", "On failure"];

pub(super) fn rooms(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    let template = &tree.file("infra/template.yaml").text;
    let functions: Vec<&str> = local::functions::all().iter().map(|each| each.name).collect();
    for name in &functions {
        let underscored = name.replace('-', "_");
        for room in [
            format!("functions/{name}/Cargo.toml"),
            format!("functions/{name}/src/lib.rs"),
            format!("functions/{name}/src/main.rs"),
            format!("events/{name}/"),
        ] {
            if !tree.has(&room) {
                broken.push(format!("`{name}` has no {room}"));
            }
        }
        let file = tree.has(&format!("tests/it/{underscored}.rs"));
        if !file && !tree.has(&format!("tests/it/{underscored}/")) {
            broken.push(format!("`{name}` has no tests/it/{underscored}.rs"));
        }
        let resource = format!("\n  {}Function:\n", pascal(name));
        if !template.contains(&resource) {
            broken.push(format!("`{name}` has no {} in infra/template.yaml", resource.trim()));
        }
    }
    for folder in ["functions/", "events/"] {
        for name in tree.folders(folder) {
            if !functions.contains(&name) {
                broken.push(format!("{folder}{name} is of no function in local/src/functions.rs"));
            }
        }
    }
    broken
}

pub(super) fn mains(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for name in tree.folders("functions/") {
        let underscored = name.replace('-', "_");
        let uses_objects =
            tree.file(&format!("functions/{name}/src/lib.rs")).text.contains("objects: true");
        let run = if uses_objects { "run_with_objects" } else { "run" };
        let expected = format!(
            "//! `{name}` on Lambda.\n\nfn main() -> aws::Exit {{\n    \
             aws::{run}({underscored}::function())\n}}\n"
        );
        let path = format!("functions/{name}/src/main.rs");
        if tree.file(&path).text != expected {
            broken.push(format!("{path} is not the four lines that all of them are"));
        }
    }
    broken
}

pub(super) fn cards(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for name in tree.folders("functions/") {
        let path = format!("functions/{name}/src/lib.rs");
        let text = &tree.file(&path).text;
        let opening = text.lines().take_while(|line| line.starts_with("//!"));
        let bullets: Vec<&str> = opening
            .filter_map(|line| line.strip_prefix("//! - "))
            .filter_map(|line| line.split_once(": ").map(|(word, _)| word))
            .collect();
        if bullets != CARD {
            broken.push(format!("{path} does not open with its card: {}", CARD.join(", ")));
        }
    }
    broken
}

pub(super) fn routes(tree: &Tree) -> Vec<String> {
    let of_functions = tree.ending(".rs").filter(|file| file.path.starts_with("functions/"));
    of_functions
        .filter(|File { text, .. }| text.contains(".route("))
        .map(|File { path, .. }| {
            format!("{path}: a route is added by `routes!`, with its document")
        })
        .collect()
}

/// `report-sender` is `ReportSender`.
fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    };
    name.split('-').map(capital).collect()
}
