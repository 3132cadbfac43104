//! The schema is brought up to date, however often and by however many at once.

use app::Role;
use tests::World;
use tests::postgres::TestPostgres;

/// A world whose owner looks at an empty database, and the name of that.
async fn before_the_first_deployment() -> (World, String) {
    let world = World::new().await;
    let rows = world.sql("select current_database() || '_empty'").await;
    let database: String = rows[0].get(0);
    world.sql(&format!("create database {database} template template0")).await;
    let url = TestPostgres::get().server().owner_url(&database);
    (world.with_setup(|setup| setup.addresses.owner = url), database)
}

async fn applied(world: &World) -> Vec<i32> {
    let options = local::postgres::options_of(&world.app(Role::Owner).config.database_url);
    let owner = store::connect(&options).await.unwrap();
    let sql = "select version from refinery_schema_history order by version";
    owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

fn migrations() -> Vec<i32> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/store/migrations");
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut versions: Vec<i32> = files
        .filter_map(|file| file.file_name().into_string().ok())
        .filter_map(|name| name.strip_prefix('V')?.split_once("__")?.0.parse().ok())
        .collect();
    versions.sort_unstable();
    versions
}

#[tokio::test]
async fn two_deployments_at_once_and_one_after_them_apply_each_migration_once() {
    let (world, database) = before_the_first_deployment().await;
    let deploy = || world.host().command("migrate");
    let (one, other, third) = tokio::join!(deploy(), deploy(), deploy());
    one.and(other).and(third).expect("each waits for the others");
    assert_eq!(applied(&world).await, migrations());
    deploy().await.expect("nothing is left to do");
    assert_eq!(applied(&world).await, migrations());
    TestPostgres::get().discard(&database);
}

#[tokio::test]
async fn a_migration_that_was_changed_after_it_was_applied_stops_the_deployment() {
    let (world, database) = before_the_first_deployment().await;
    world.host().command("migrate").await.unwrap();
    let options = local::postgres::options_of(&world.app(Role::Owner).config.database_url);
    let owner = store::connect(&options).await.unwrap();
    let changed = "update refinery_schema_history set checksum = '1' where version = 1";
    owner.execute(changed, &[]).await.unwrap();
    let error = world.host().command("migrate").await.expect_err("the history was rewritten");
    assert!(app::trace::chain(&error).contains("V1"), "{}", app::trace::chain(&error));
    TestPostgres::get().discard(&database);
}
