//! Every statement prepares against the migrated schema, so that none can rot.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use app::Role;
use local::postgres::options_of;
use store::Client;
use tests::World;

fn store() -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/store/src");
    PathBuf::from(folder).canonicalize().expect("the crate is there")
}

fn files(extension: &str) -> Vec<PathBuf> {
    let mut folders = vec![store()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|is| is == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// All of them by their path in the crate, with their text.
fn statements() -> Vec<(String, String)> {
    let named = |path: PathBuf| {
        let name = path.strip_prefix(store()).unwrap().display().to_string();
        (name, fs::read_to_string(path).unwrap())
    };
    files("sql").into_iter().map(named).collect()
}

#[tokio::test]
async fn every_statement_is_sound_and_allowed_to_the_role_that_uses_it() {
    let world = World::new().await;
    let mut broken = Vec::new();
    let statements = statements();
    assert!(statements.len() > 50, "only {} statements", statements.len());
    for role in [Role::App, Role::System, Role::Owner] {
        let client = store::connect(&options_of(world.database_url(role))).await.unwrap();
        let of_role = statements.iter().filter(|(name, _)| is_used_by(name, role));
        for (name, sql) in of_role {
            if let Err(error) = planned(&client, sql).await {
                broken.push(format!("{name} as {role:?}: {}", app::trace::chain(&error)));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Across tenants.
const SYSTEM: [&str; 8] = [
    "findings/known.sql",
    "findings/note.sql",
    "findings/open.sql",
    "findings/settle.sql",
    "findings/waiting.sql",
    "forecasts/wanted.sql",
    "reports/take_due.sql",
    "reports/next_due.sql",
];
/// Of one tenant, and across tenants.
const SYSTEM_TOO: [&str; 1] = ["outbox/take.sql"];
/// Making tenants, migrating, keeping house and looking through it.
const OWNER: [&str; 7] = [
    "access/any_key.sql",
    "access/create_key.sql",
    "access/create_tenant.sql",
    "keeping/",
    "migrations/",
    "replay/",
    "roles/",
];

fn is_used_by(statement: &str, role: Role) -> bool {
    let owners = OWNER.iter().any(|owned| statement.starts_with(owned));
    let systems = SYSTEM.contains(&statement);
    match role {
        Role::Owner => owners,
        Role::System => systems || SYSTEM_TOO.contains(&statement),
        Role::App => !owners && !systems,
    }
}

/// A plan needs the schema, and the right to run it.
async fn planned(client: &Client, sql: &str) -> Result<(), tokio_postgres::Error> {
    let parameters = client.prepare(sql).await?.params().len();
    if sql.starts_with("lock ") || sql.starts_with("set ") {
        return Ok(());
    }
    client.execute(&format!("prepare planned as {sql}"), &[]).await?;
    let nulls = vec!["null"; parameters].join(", ");
    let nulls = if parameters == 0 { String::new() } else { format!("({nulls})") };
    client.execute(&format!("explain execute planned{nulls}"), &[]).await?;
    client.execute("deallocate planned", &[]).await.map(drop)
}

#[tokio::test]
async fn a_rotten_or_forbidden_statement_is_noticed() {
    let world = World::new().await;
    for (role, rotten) in [
        (Role::Owner, "select colour from metric"),
        (Role::Owner, "select name form metric where name = 1"),
        (Role::Owner, "select 1; select 2"),
        (Role::System, "delete from metric"),
        (Role::App, "delete from refinery_schema_history"),
    ] {
        let client = store::connect(&options_of(world.database_url(role))).await.unwrap();
        assert!(planned(&client, rotten).await.is_err(), "{rotten} as {role:?}");
    }
}

#[test]
fn every_statement_is_used() {
    let used: BTreeSet<PathBuf> = files("rs")
        .iter()
        .flat_map(|source| {
            let text = fs::read_to_string(source).unwrap();
            let included = text.split("include_str!(").skip(1);
            let paths = included.filter_map(|rest| rest.split('"').nth(1)).map(PathBuf::from);
            let folder = source.parent().unwrap();
            paths.filter_map(|path| folder.join(path).canonicalize().ok()).collect::<Vec<_>>()
        })
        .collect();
    let unused: Vec<PathBuf> =
        files("sql").into_iter().filter(|statement| !used.contains(statement)).collect();
    assert!(unused.is_empty(), "nothing uses {unused:?}");
}

#[tokio::test]
async fn faults_of_the_machine_are_told_from_faults_of_the_data() {
    let world = World::new().await;
    let db = world.app(Role::App).db.clone();
    for (code, is_away, is_datas_fault) in [
        ("53100", true, false),
        ("58030", true, false),
        ("XX000", true, false),
        ("25006", true, false),
        ("57P05", true, false),
        ("08006", true, false),
        ("22003", false, true),
        ("23514", false, true),
        ("42703", false, false),
    ] {
        let sql = format!("do $$ begin raise exception 'no' using errcode = '{code}'; end $$");
        let flight = store::Flight { sql: &sql, parameters: &[] };
        let error = db.flight(None, &[flight]).await.unwrap_err();
        assert_eq!(matches!(error, store::Error::Unavailable(_)), is_away, "{code}: {error:?}");
        assert_eq!(error.is_datas_fault(), is_datas_fault, "{code}: {error:?}");
    }
}
