//! The rules of the house. Each test holds one rule against the repository, and against a
//! violation that is seeded into it, so that no rule is one that cannot fail.

use std::collections::BTreeSet;
use std::process::Command;

use self::tree::{File, Tree};

/// What crates may know of each other.
mod manifests;
/// One name, six rooms.
mod rooms;
/// What files may say, and how.
mod text;
/// The files of the repository.
mod tree;

type Rule = fn(&Tree) -> Vec<String>;

/// The repository keeps the rule; with any one of the seeded files in it, it would not.
fn holds(rule: Rule, seeded: &[(&str, &str)]) {
    let tree = Tree::read();
    let broken = rule(&tree);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(!seeded.is_empty(), "a rule that cannot fail is an opinion");
    for (path, text) in seeded {
        let tree = tree.with(File { path: (*path).to_owned(), text: (*text).to_owned() });
        assert!(!rule(&tree).is_empty(), "nobody noticed {path}:\n{text}");
    }
}

#[test]
fn dependencies_point_one_way() {
    let depends = |on: &str| format!("[dependencies]\n{on}.workspace = true\n");
    let store = depends("store");
    let on_aws = depends("aws");
    let on_function = depends("account");
    let on_domain = depends("domain");
    let renamed = "[dependencies]\nagain = { package = \"ingest\", workspace = true }\n";
    holds(
        manifests::direction,
        &[
            ("shared/domain/Cargo.toml", &store),
            ("shared/providers/Cargo.toml", &store),
            ("shared/store/Cargo.toml", &depends("app")),
            ("shared/app/Cargo.toml", &on_aws),
            ("shared/forecast/Cargo.toml", &on_domain),
            ("shared/chart/Cargo.toml", &on_domain),
            ("functions/ingest/Cargo.toml", &on_function),
            ("functions/ingest/Cargo.toml", &on_aws),
            ("functions/account/Cargo.toml", renamed),
            ("local/Cargo.toml", &on_aws),
        ],
    );
}

#[test]
fn only_aws_names_amazon_and_only_the_store_speaks_to_postgres() {
    let depends = |on: &str| format!("[dependencies]\n{on} = {{ workspace = true }}\n");
    holds(
        manifests::outside,
        &[
            ("shared/app/Cargo.toml", &depends("aws-sdk-sqs")),
            ("functions/ingest/Cargo.toml", &depends("lambda_runtime")),
            ("functions/ingest/Cargo.toml", &depends("aws_lambda_events")),
            ("local/Cargo.toml", &depends("aws-smithy-types")),
            ("functions/query/Cargo.toml", &depends("tokio-postgres")),
            ("shared/app/Cargo.toml", &depends("refinery")),
        ],
    );
}

#[test]
fn versions_stand_only_in_the_root() {
    holds(
        manifests::versions,
        &[
            ("shared/app/Cargo.toml", "[dependencies]\nbytes = \"1\"\n"),
            ("shared/app/Cargo.toml", "[dependencies]\nbytes = { version = \"1\" }\n"),
            ("shared/app/Cargo.toml", "[dev-dependencies]\nbytes = { path = \"../bytes\" }\n"),
            ("shared/app/Cargo.toml", "[dependencies.bytes]\nversion = \"1\"\n"),
            ("shared/app/Cargo.toml", "[package]\nversion = \"0.2.0\"\n"),
        ],
    );
}

#[test]
fn the_manifest_of_a_function_has_one_shape_and_few_lines() {
    let sound = Tree::read().file("functions/sweeper/Cargo.toml").text.clone();
    holds(
        manifests::shape,
        &[
            ("functions/sweeper/Cargo.toml", &sound.replace("\"sweeper\"", "\"broom\"")),
            ("functions/sweeper/Cargo.toml", &sound.replacen("test = false\n", "", 1)),
            ("functions/sweeper/Cargo.toml", &sound.replacen("doctest = false\n", "", 2)),
            ("functions/sweeper/Cargo.toml", &sound.replace("required-features", "features")),
            ("functions/sweeper/Cargo.toml", &(sound.clone() + &"# more\n".repeat(20))),
        ],
    );
}

#[test]
fn main_has_no_logic() {
    let main = "//! `sweeper` on Lambda.\n\nfn main() -> aws::Exit {\n    init();\n    \
                aws::run(sweeper::function())\n}\n";
    let other = "//! `sweeper` on Lambda.\n\nfn main() -> aws::Exit {\n    \
                 aws::run(keeper::function())\n}\n";
    let without_objects = "//! `imports` on Lambda.\n\nfn main() -> aws::Exit {\n    \
                           aws::run(imports::function())\n}\n";
    holds(
        rooms::mains,
        &[
            ("functions/sweeper/src/main.rs", main),
            ("functions/sweeper/src/main.rs", other),
            ("functions/imports/src/main.rs", without_objects),
        ],
    );
}

#[test]
fn a_function_has_one_name_in_six_rooms() {
    let template = Tree::read().file("infra/template.yaml").text.replace("SweeperFunction:", "X:");
    holds(
        rooms::rooms,
        &[
            ("infra/template.yaml", &template),
            ("functions/newcomer/Cargo.toml", "[package]\nname = \"newcomer\"\n"),
            ("events/newcomer/sample.json", "{}\n"),
        ],
    );
    let without = |gone: &str| {
        let mut tree = Tree::read();
        tree.files.retain(|file| !file.path.starts_with(gone));
        rooms::rooms(&tree)
    };
    for gone in ["functions/sweeper/", "events/sweeper/", "tests/it/sweeper.rs"] {
        assert!(!without(gone).is_empty(), "nobody missed {gone}");
    }
}

#[test]
fn every_function_opens_with_its_card() {
    let card = "//! Sweeps.\n//!\n//! - Trigger: schedule.\n//! - Reads: nothing.\n";
    let late =
        format!("use app::App;\n{card}//! - Writes: x.\n//! - Emits: x.\n//! - On failure: x.\n");
    holds(
        rooms::cards,
        &[("functions/sweeper/src/lib.rs", card), ("functions/sweeper/src/lib.rs", &late)],
    );
}

#[test]
fn a_route_is_never_without_its_document() {
    let plain = "Router::new().route(\"/v1/more\", get(more))";
    holds(rooms::routes, &[("functions/ingest/src/lib.rs", plain)]);
}

#[test]
fn files_functions_and_lines_are_short() {
    let long = format!("fn long() {{\n{}}}\n", "    step();\n".repeat(69));
    let nested =
        format!("impl X {{\n    pub async fn long(\n    ) {{\n{}    }}\n}}\n", "\n".repeat(69));
    holds(
        text::lengths,
        &[
            ("shared/app/src/new.rs", &"//\n".repeat(401)),
            ("shared/app/src/new.rs", &long),
            ("shared/app/src/new.rs", &nested),
            ("shared/app/src/new.rs", &format!("// {}\n", "ä".repeat(98))),
        ],
    );
}

#[test]
fn no_module_is_a_grab_bag() {
    holds(
        text::grab_bags,
        &[
            ("shared/app/src/util.rs", ""),
            ("shared/app/src/helpers/mod.rs", ""),
            ("functions/ingest/src/common.rs", ""),
            ("shared/app/src/new.rs", "mod utils {\n}\n"),
        ],
    );
}

#[test]
fn no_comment_is_pasted() {
    let pasted = "/// Opens the door,\n/// looks who is there,\n/// and closes it.\nfn a() {}\n\n\
                  /// Opens the door,\n/// looks who is there,\n/// and closes it.\nfn b() {}\n";
    holds(text::pasted, &[("shared/app/src/new.rs", pasted)]);
}

#[test]
fn only_the_documents_of_the_house_are_there() {
    let seeded = ["NOTES.md", "docs/design.md", "shared/app/README.md", "events/ingest/README.md"];
    holds(text::documents, &seeded.map(|path| (path, "# Notes\n")));
}

#[test]
fn sql_lies_in_its_files() {
    let seeded = [
        "client.query(\"select name from metric\", &[])",
        "client.query(\n    \"\n     INSERT INTO metric (name) values ($1)\", &[])",
        "const SQL: &str = r#\"update metric set name = $1\"#;",
        "format!(\"delete from {table}\")",
    ];
    let functions = seeded.map(|text| ("functions/ingest/src/new.rs", text));
    holds(text::sql_in_rust, &functions);
    holds(text::sql_in_rust, &seeded.map(|text| ("shared/store/src/new.rs", text)));
}

#[test]
fn a_statement_is_one_in_lower_case_with_named_columns() {
    let seeded = [
        "SELECT name from metric\n",
        "select name from metric Where tenant = $1\n",
        "select name from metric; select 2\n",
        "select * from metric\n",
        "select m.* from metric m\n",
        "delete from metric returning *\n",
    ];
    holds(text::statements, &seeded.map(|text| ("shared/store/src/metrics/new.sql", text)));
}

#[test]
fn a_status_that_is_no_success_is_named_by_its_problem() {
    let seeded = [
        ("functions/ingest/src/new.rs", "StatusCode::NOT_FOUND.into_response()"),
        ("shared/aws/src/new.rs", "(StatusCode::BAD_GATEWAY, \"\")"),
        ("functions/ingest/src/new.rs", "StatusCode::from_u16(418)"),
    ];
    holds(text::statuses, &seeded);
}

#[test]
fn nothing_is_left_for_later_and_no_lint_is_silenced_without_a_reason() {
    let seeded = [
        ("shared/app/src/new.rs", "#[allow(dead_code)]\n"),
        ("shared/app/src/new.rs", "#![allow(clippy::all)]\n"),
        ("shared/app/src/new.rs", "// TODO: more\n"),
        ("infra/template.yaml", "# FIXME\n"),
        ("shared/app/src/new.rs", "fn x() {\n    todo!()\n}\n"),
        ("shared/app/src/new.rs", "unimplemented!(\"later\")\n"),
        ("shared/app/src/new.rs", "#[expect(dead_code)]\n"),
    ];
    holds(text::later, &seeded);
}

#[test]
fn no_machine_is_named() {
    let seeded = [
        ("README.md", "Look into /home/somebody/takings\n"),
        (".ci/run", "cd /Users/somebody\n"),
        ("shared/app/src/new.rs", concat!("const PATH: &str = \"/", "work/x\";\n")),
        ("Cargo.toml", "# https://registry.example.com/index\n"),
        ("deny.toml", "# http://mirror.internal:8080/\n"),
        ("Cargo.lock", "source = \"registry+https://crates.example/index\"\n"),
    ];
    holds(text::machines, &seeded);
}

#[test]
fn every_step_is_passed_and_every_step_that_is_passed_is_known() {
    let seeded = [
        ("shared/app/src/step.rs", "pub const ALL: [&str; 1] = [\n    \"ingest.never\",\n];\n"),
        ("functions/ingest/src/new.rs", "step::reached(\"ingest.unknown\");\n"),
    ];
    holds(text::steps, &seeded);
}

#[test]
fn problem_codes_are_unique_and_in_snake_case() {
    let wrong = |codes: &[&str]| {
        let unique: BTreeSet<&&str> = codes.iter().collect();
        let is_snake = |code: &&str| {
            let (first, last) = (code.chars().next(), code.chars().next_back());
            let ends = [first, last].iter().all(|end| end.is_some_and(|c| c.is_ascii_lowercase()));
            ends && code.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        unique.len() < codes.len() || !codes.iter().all(is_snake)
    };
    let codes: Vec<&str> = app::ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    assert!(!wrong(&codes), "{codes:?}");
    for seeded in [["gone", "gone"], ["notFound", "gone"], ["_gone", "other"], ["", "other"]] {
        assert!(wrong(&seeded), "{seeded:?}");
    }
}

#[test]
fn one_crypto_library_and_one_http_stack_are_linked() {
    for banned in ["ring", "hyper@0.14", "openssl-sys", "native-tls"] {
        assert!(!links(&[], banned), "{banned} is linked");
    }
    assert!(links(&[], "aws-lc-rs"), "whatever is linked is found");
}

#[test]
fn the_first_command_builds_no_lambda_host() {
    for cloud in ["aws", "aws-sdk-sqs", "lambda_runtime"] {
        assert!(!links(&["--package", "local"], cloud), "local links {cloud}");
        assert!(links(&["--package", "ingest"], cloud), "whatever is linked is found");
    }
}

/// Whether these packages, or all default members, link another.
fn links(from: &[&str], package: &str) -> bool {
    let tree = Command::new(env!("CARGO"))
        .current_dir(tree::root())
        .args(["tree", "--locked", "--target", "all", "--invert", package])
        .args(from)
        .output()
        .expect("cargo runs the tests");
    // Nothing is printed, or the package is not even in the lock file.
    !tree.stdout.is_empty()
}
