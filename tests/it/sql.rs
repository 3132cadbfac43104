//! Every statement prepares against the migrated schema, so that none can rot.

use std::fs;
use std::path::{Path, PathBuf};

use app::Role;
use local::postgres::options_of;
use store::Client;
use tests::World;

const STORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/store/src");

/// All of them, with their text.
fn statements() -> Vec<(String, String)> {
    let mut folders = vec![PathBuf::from(STORE)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "sql") {
                let name = path.strip_prefix(STORE).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn every_statement_is_sound_and_allowed_to_the_role_that_uses_it() {
    let world = World::new().await;
    let mut broken = Vec::new();
    let statements = statements();
    assert!(statements.len() > 50, "only {} statements", statements.len());
    for role in [Role::App, Role::System, Role::Owner] {
        let client = store::connect(&options_of(world.database_url(role))).await.unwrap();
        let of_role = statements.iter().filter(|(name, _)| user(name) == role);
        for (name, sql) in of_role {
            if let Err(error) = planned(&client, sql).await {
                broken.push(format!("{name} as {role:?}: {}", app::trace::chain(&error)));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Across tenants.
const SYSTEM: [&str; 3] = ["forecasts/wanted.sql", "reports/take_due.sql", "reports/next_due.sql"];
/// Making tenants, migrating and keeping house.
const OWNER: [&str; 3] = ["keeping/", "migrations/", "roles/"];
const OWNER_TOO: [&str; 3] =
    ["access/any_key.sql", "access/create_key.sql", "access/create_tenant.sql"];

fn user(statement: &str) -> Role {
    let keeps_house = OWNER.iter().any(|folder| statement.starts_with(folder));
    if keeps_house || OWNER_TOO.contains(&statement) {
        Role::Owner
    } else if SYSTEM.contains(&statement) {
        Role::System
    } else {
        Role::App
    }
}

/// A plan needs the schema, and the right to run it.
async fn planned(client: &Client, sql: &str) -> Result<(), tokio_postgres::Error> {
    let parameters = client.prepare(sql).await?.params().len();
    if sql.starts_with("lock ") || sql.starts_with("select pg_advisory") {
        return Ok(());
    }
    client.execute(&format!("prepare planned as {sql}"), &[]).await?;
    let nulls = vec!["null"; parameters].join(", ");
    let nulls = if parameters == 0 { String::new() } else { format!("({nulls})") };
    client.execute(&format!("explain execute planned{nulls}"), &[]).await?;
    client.execute("deallocate planned", &[]).await.map(drop)
}

#[tokio::test]
async fn a_statement_that_names_no_column_of_ours_does_not_prepare() {
    let world = World::new().await;
    let client = store::connect(&options_of(world.database_url(Role::Owner))).await.unwrap();
    for rotten in ["select colour from metric", "select 1; select 2", "select name form metric"] {
        assert!(client.prepare(rotten).await.is_err(), "{rotten}");
    }
}

#[test]
fn every_statement_is_used_by_the_module_beside_it() {
    for (name, _) in statements() {
        let (folder, file) = name.rsplit_once('/').expect("a statement lies in the folder of its noun");
        let module = Path::new(STORE).join(folder).with_extension("rs");
        let inside = Path::new(STORE).join(folder);
        let mut sources = vec![fs::read_to_string(&module).unwrap_or_default()];
        for path in fs::read_dir(inside).unwrap().map(|entry| entry.unwrap().path()) {
            if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(fs::read_to_string(path).unwrap());
            }
        }
        let used = sources.iter().any(|source| {
            source.contains(&format!("\"{folder}/{file}\"")) || source.contains(&format!("\"{file}\""))
        });
        assert!(used, "nothing in shared/store/src/{folder} uses {name}");
    }
}
