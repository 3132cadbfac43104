use std::collections::BTreeMap;

use super::tree::{File, Tree};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;
const COLUMNS: usize = 100;
const COMMENT_LINES: usize = 3;
const DOCUMENTS: [&str; 6] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "events/README.md",
];
const GRAB_BAGS: [&str; 8] =
    ["common", "helper", "helpers", "manager", "misc", "shared", "util", "utils"];
const SUCCESS: [&str; 5] = ["ACCEPTED", "CREATED", "NOT_MODIFIED", "NO_CONTENT", "OK"];

pub(super) fn lengths(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for File { path, text } in tree.ending(".rs") {
        let lines = text.lines().count();
        if lines > FILE_LINES {
            broken.push(format!("{path} has {lines} lines, more than {FILE_LINES}"));
        }
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS {
                broken.push(format!("{path}:{}: {columns} columns", number + 1));
            }
        }
        for (name, lines) in functions(text) {
            if lines > FUNCTION_LINES {
                broken.push(format!("{path}: `{name}` has {lines} lines"));
            }
        }
    }
    broken
}

/// Names and lengths of the functions in formatted code: each ends where its indentation does.
fn functions(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indentation = line.len() - code.len();
        let Some((before, rest)) = code.split_once("fn ") else { continue };
        let is_word = |word: &str| {
            ["async", "const", "pub", "unsafe"].contains(&word) || word.starts_with("pub(")
        };
        if !before.split_whitespace().all(is_word) {
            continue;
        }
        let name = rest.split(['(', '<']).next().unwrap_or(rest);
        let end = lines[start..].iter().position(|line| {
            let begins = line.len() - line.trim_start().len();
            begins == indentation && line.trim_start().starts_with('}')
        });
        found.push((name, end.map_or(1, |end| end + 1)));
    }
    found
}

pub(super) fn grab_bags(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    for File { path, text } in tree.ending(".rs") {
        let inside = path.split_once("/src/").map_or(path.as_str(), |(_, inside)| inside);
        let names = inside.trim_end_matches(".rs").split('/');
        let declared = text
            .lines()
            .filter_map(|line| line.trim_start().trim_start_matches("pub ").strip_prefix("mod "));
        let declared = declared.filter_map(|rest| rest.split([' ', ';', '{']).next());
        for name in names.chain(declared).filter(|name| GRAB_BAGS.contains(name)) {
            broken.push(format!("{path}: a module named `{name}` gathers what has no room"));
        }
    }
    broken
}

pub(super) fn pasted(tree: &Tree) -> Vec<String> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut broken = Vec::new();
    for File { path, text } in tree.ending(".rs") {
        let mut block: Vec<&str> = Vec::new();
        for line in text.lines().chain([""]).map(str::trim) {
            if line.starts_with("//") {
                block.push(line);
                continue;
            }
            if block.len() >= COMMENT_LINES
                && let Some(before) = seen.insert(block.join("\n"), path)
            {
                broken.push(format!("{path}: `{}` also stands in {before}", block[0]));
            }
            block.clear();
        }
    }
    broken
}

pub(super) fn documents(tree: &Tree) -> Vec<String> {
    let all = tree.ending(".md").map(|file| &file.path);
    let strays = all.filter(|path| !DOCUMENTS.contains(&path.as_str()));
    strays.map(|path| format!("{path} is none of {DOCUMENTS:?}")).collect()
}

pub(super) fn sql_in_rust(tree: &Tree) -> Vec<String> {
    const STATEMENTS: [&str; 9] = [
        "select ",
        "insert into ",
        "update ",
        "delete from ",
        "with ",
        "create ",
        "alter ",
        "drop ",
        "grant ",
    ];
    let mut broken = Vec::new();
    for File { path, text } in tree.ending(".rs") {
        // Tests look into tables; `local` makes the database itself, before there is a schema.
        if path.contains("/tests")
            || path.starts_with("tests/")
            || path.starts_with("local/src/postgres")
        {
            continue;
        }
        for literal in text.split('"').map(|part| part.trim_start().to_lowercase()) {
            let statement = STATEMENTS.iter().find(|start| literal.starts_with(**start));
            let clause = |word: &str| literal.split_whitespace().any(|other| other == word);
            let is_sql = statement.is_some_and(|start| match *start {
                "select " => clause("from"),
                "update " => clause("set"),
                "with " => clause("as"),
                "create " | "alter " | "drop " => {
                    ["table", "role", "database", "index"].iter().any(|kind| clause(kind))
                }
                "grant " => clause("to"),
                _ => true,
            });
            if is_sql {
                let first = literal.lines().next().unwrap_or_default();
                broken.push(format!("{path}: `{first}` belongs into a .sql file of the store"));
            }
        }
    }
    broken
}

pub(super) fn statements(tree: &Tree) -> Vec<String> {
    let mut broken = Vec::new();
    let all = tree.ending(".sql").filter(|file| file.path.starts_with("shared/store/src/"));
    for File { path, text } in all {
        let code: Vec<&str> =
            text.lines().map(|line| line.split("--").next().unwrap_or(line)).collect();
        let code = code.join("\n");
        // Every other part stands within quotes.
        let unquoted: String = code.split(['\'', '"']).step_by(2).collect();
        if unquoted.chars().any(char::is_uppercase) {
            broken.push(format!("{path} is not in lower case"));
        }
        if unquoted.contains(';') {
            broken.push(format!("{path} holds more than one statement"));
        }
        if ["select *", ".*", "returning *"].iter().any(|all| unquoted.contains(all)) {
            broken.push(format!("{path} does not name its columns"));
        }
    }
    broken
}

pub(super) fn statuses(tree: &Tree) -> Vec<String> {
    // The one names them, the other reads what axum has found wrong.
    const ROOMS: [&str; 2] = ["shared/app/src/problem.rs", "shared/app/src/extract.rs"];
    let mut broken = Vec::new();
    for File { path, text } in tree.ending(".rs") {
        let bound = path.starts_with("functions/") || path.starts_with("shared/");
        if !bound || ROOMS.contains(&path.as_str()) {
            continue;
        }
        for rest in text.split("StatusCode::").skip(1) {
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !SUCCESS.contains(&name.as_str()) {
                broken.push(format!("{path}: StatusCode::{name} is named by app::problem alone"));
            }
        }
    }
    broken
}

pub(super) fn later(tree: &Tree) -> Vec<String> {
    const WORDS: [&str; 6] =
        ["#[allow(", "#![allow(", "TODO", "FIXME", "todo!(", "unimplemented!("];
    let mut broken = Vec::new();
    for File { path, text } in tree.ending("") {
        for word in WORDS.iter().filter(|word| text.contains(**word)) {
            broken.push(format!("{path}: {word}"));
        }
        for rest in text.split("#[expect(").skip(1) {
            let attribute = rest.split(")]").next().unwrap_or(rest);
            if path.ends_with(".rs") && !attribute.contains("reason = ") {
                broken.push(format!("{path}: #[expect({attribute})] gives no reason"));
            }
        }
    }
    broken
}

pub(super) fn machines(tree: &Tree) -> Vec<String> {
    let paths = ["home", "Users", "work", "root"].map(|folder| format!("/{folder}/"));
    const HOSTS: [&str; 6] = ["artifact", "internal", "mirror", "nexus", "proxy", "registry"];
    const LOCKED: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let mut broken = Vec::new();
    for File { path, text } in tree.ending("") {
        for named in paths.iter().filter(|named| text.contains(*named)) {
            broken.push(format!("{path} names {named}"));
        }
        for rest in text.split("://").skip(1) {
            let host = rest.split(['/', '"', ' ', '\n', ')', '`']).next().unwrap_or(rest);
            if HOSTS.iter().any(|word| host.to_lowercase().contains(word)) {
                broken.push(format!("{path} names {host}"));
            }
        }
        if path == "Cargo.lock" {
            let sources = text.lines().filter(|line| line.starts_with("source = "));
            let strange = sources.filter(|line| *line != LOCKED);
            broken.extend(strange.map(|line| format!("{path}: {line}")));
        }
    }
    broken
}

pub(super) fn steps(tree: &Tree) -> Vec<String> {
    let passes = |path: &str| path.starts_with("functions/") || path.starts_with("shared/app/");
    let list = &tree.file("shared/app/src/step.rs").text;
    let (_, list) = list.split_once("pub const ALL").expect("the steps are listed");
    let list = list.split_once("];").map_or(list, |(list, _)| list);
    let known: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    let mut passed = Vec::new();
    for file in tree.ending(".rs").filter(|file| passes(&file.path)) {
        let calls = file.text.split("step::reached(\"").skip(1);
        passed.extend(calls.filter_map(|rest| rest.split('"').next()));
    }
    let unknown = passed.iter().filter(|step| !known.contains(step));
    let unknown = unknown.map(|step| format!("`{step}` is passed and not in app::step::ALL"));
    let never = known.iter().filter(|step| !passed.contains(step));
    let never = never.map(|step| format!("`{step}` of app::step::ALL is never passed"));
    unknown.chain(never).collect()
}
