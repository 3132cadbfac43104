use super::tree::{File, Tree};

/// One line of a dependency section.
struct Dependency<'a> {
    /// The package, whatever it is called here.
    package: &'a str,
    line: &'a str,
}

const CALCULATING: [&str; 4] =
    ["takings-chart", "takings-evidence", "takings-forecast", "takings-optimize"];
const FUNCTION_LINES: usize = 45;

/// Manifests below the root.
fn manifests(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.ending("/Cargo.toml")
}

/// What the manifest depends on, in every section of dependencies.
fn dependencies(manifest: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            inside = section.contains("dependencies");
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['.', ' ', '=']).next().unwrap_or(line);
            let renamed =
                line.split_once("package = \"").and_then(|(_, rest)| rest.split('"').next());
            found.push(Dependency { package: renamed.unwrap_or(name), line });
        }
    }
    found
}

/// `functions/ingest/Cargo.toml` is of `ingest`, `shared/forecast/Cargo.toml` of `takings-forecast`.
fn crate_of(path: &str) -> String {
    let name = path.trim_end_matches("/Cargo.toml").rsplit('/').next().unwrap_or_default();
    let calculating = format!("takings-{name}");
    let shared = path.starts_with("shared/");
    if shared && CALCULATING.contains(&calculating.as_str()) {
        calculating
    } else {
        name.to_owned()
    }
}

pub(super) fn direction(tree: &Tree) -> Vec<String> {
    let functions = tree.folders("functions/");
    let mut broken = Vec::new();
    for File { path, text } in manifests(tree) {
        let name = crate_of(path);
        let is_function = path.starts_with("functions/");
        for Dependency { package, line } in dependencies(text) {
            let is_shared = ["app", "aws", "domain", "local", "providers", "store", "tests"]
                .contains(&package)
                || CALCULATING.contains(&package);
            if !is_shared && !functions.contains(&package) {
                continue;
            }
            let calculates = CALCULATING.contains(&package);
            let allowed = match name.as_str() {
                "tests" => true,
                "local" => package != "aws" && package != "tests",
                _ if is_function && package == "aws" => line.contains("optional = true"),
                _ if is_function => ["app", "domain", "store"].contains(&package) || calculates,
                "aws" => ["app", "domain", "providers", "store"].contains(&package),
                "app" => ["domain", "providers", "store"].contains(&package),
                "store" | "providers" => package == "domain",
                _ => false,
            };
            if !allowed {
                broken.push(format!("{path}: {name} must not know {package}"));
            }
        }
    }
    broken
}

pub(super) fn outside(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for File { path, text } in manifests(tree) {
        let name = crate_of(path);
        for Dependency { package, .. } in dependencies(text) {
            // The cryptography that Amazon publishes is no service of theirs.
            let amazon = (package.starts_with("aws-") || package.starts_with("aws_"))
                && !package.starts_with("aws-lc");
            let amazon = amazon || package.starts_with("lambda_");
            let postgres =
                ["tokio-postgres", "tokio-postgres-rustls", "refinery"].contains(&package);
            if amazon && name != "aws" {
                broken.push(format!("{path}: only `aws` names {package}"));
            }
            if postgres && !["store", "local", "tests"].contains(&name.as_str()) {
                broken.push(format!("{path}: only `store` speaks through {package}"));
            }
        }
    }
    broken
}

pub(super) fn versions(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for File { path, text } in manifests(tree) {
        for Dependency { line, .. } in dependencies(text) {
            let inherits = line.contains("workspace = true");
            if !inherits || line.contains("version") || line.contains("path =") {
                broken.push(format!("{path}: `{line}` does not inherit from the root"));
            }
        }
        for line in text.lines().filter(|line| line.starts_with("version =")) {
            broken.push(format!("{path}: `{line}` stands in the root"));
        }
    }
    broken
}

pub(super) fn shape(tree: &Tree) -> Vec<String> {
    let of_functions = manifests(tree).filter(|file| file.path.starts_with("functions/"));
    let mut broken = Vec::new();
    for File { path, text } in of_functions {
        let name = crate_of(path);
        let expected = format!(
            "[package]\nname = \"{name}\"\nversion.workspace = true\nedition.workspace = true\n\
             rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\n\
             [lib]\ntest = false\ndoctest = false\n\n\
             [[bin]]\nname = \"{name}\"\npath = \"src/main.rs\"\n\
             required-features = [\"lambda\"]\ntest = false\ndoctest = false\n\n\
             [features]\ndefault = [\"lambda\"]\nlambda = [\"dep:aws\"]\n\n\
             [lints]\nworkspace = true\n\n[dependencies]\n"
        );
        if !text.starts_with(&expected) {
            broken.push(format!("{path} has not the shape of a function's manifest"));
        }
        let lines = text.lines().count();
        if lines > FUNCTION_LINES {
            broken.push(format!("{path} has {lines} lines, more than {FUNCTION_LINES}"));
        }
    }
    broken
}
