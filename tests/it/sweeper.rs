//! What a crash left behind is sent, and Postgres sleeps while nothing was.

use app::{App, Role, relay};
use domain::message::QueueName;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::outbox::{self, Posted};
use tests::World;
use tests::lambda::{tick, without_postgres};

const NOON: &str = "2026-11-21T12:00:00Z";

/// Posts messages in one transaction, and dies before it could relay them.
async fn crash(world: &World, bodies: &[&str]) {
    let (app, tenant) = (world.app(Role::App), world.tenant().number);
    let tx = app.db.tenant(tenant).await.unwrap();
    for body in bodies {
        let posted = Posted {
            queue: QueueName::Imports,
            group: Some("1".to_owned()),
            dedupe: Some((*body).to_owned()),
            body: (*body).to_owned(),
            trace: None,
        };
        outbox::add(&tx, tenant, &posted).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// Whether the next tick looks into Postgres.
async fn is_looked_for(app: &App) -> bool {
    let record = app.key_value.get(relay::SWEPT).await.unwrap();
    record.is_none_or(|record| record.value.parse::<Timestamp>().unwrap() <= app.clock.now())
}

async fn sent(world: &World) -> Vec<String> {
    let jobs = world.sql("select body from job where queue = 'imports' order by id").await;
    jobs.iter().map(|job| job.get(0)).collect()
}

#[tokio::test]
async fn f42_what_a_crash_left_in_the_outbox_is_sent_once_and_in_order() {
    let world = World::at(NOON).await.with_tenant("Europe/Berlin").await;
    let app = world.app(Role::System);
    relay::announce(&app).await.unwrap();
    crash(&world, &["one", "two", "three"]).await;
    assert_eq!(sent(&world).await, Vec::<String>::new());
    world.tick("sweeper").await;
    assert_eq!(sent(&world).await, ["one", "two", "three"]);
    assert_eq!(world.count("select count(*) from outbox").await, 0);
    assert!(is_looked_for(&app).await, "whoever announced may be yet to commit");
    let later = NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(15);
    let world = world.with_setup(|setup| setup.clock = app::Clock::Fixed(later));
    world.tick("sweeper").await;
    assert!(!is_looked_for(&world.app(Role::System)).await, "nothing is left to look for");
    assert_eq!(sent(&world).await.len(), 3);
}

#[tokio::test]
async fn every_tenants_messages_are_swept() {
    let world = World::at(NOON).await.with_tenant("Europe/Berlin").await;
    let world = world.with_tenant("Asia/Tokyo").await;
    let app = world.app(Role::System);
    relay::announce(&app).await.unwrap();
    crash(&world, &["from Berlin"]).await;
    world
        .sql(
            "insert into outbox (tenant, queue, group_key, dedupe, body)
         values (2, 'imports', '2', 'tokyo', 'from Tokyo')",
        )
        .await;
    world.tick("sweeper").await;
    assert_eq!(sent(&world).await, ["from Berlin", "from Tokyo"]);
}

#[tokio::test]
async fn postgres_is_left_asleep_while_nothing_is_announced() {
    let world = World::at(NOON).await.with_tenant("Europe/Berlin").await;
    world.tick("sweeper").await;
    let asleep = without_postgres(&world.app(Role::System));
    tick(&asleep, "sweeper", &json!({ "time": NOON })).await.expect("it asked nobody");
    relay::announce(&asleep).await.unwrap();
    tick(&asleep, "sweeper", &json!({ "time": NOON })).await.expect_err("it must look");
    assert!(is_looked_for(&asleep).await, "the next tick looks again");
}

#[tokio::test]
async fn once_a_day_it_looks_although_nothing_is_announced() {
    let world = World::at(NOON).await.with_tenant("Europe/Berlin").await;
    world.tick("sweeper").await;
    crash(&world, &["whose announcement was lost"]).await;
    world.tick("sweeper").await;
    assert_eq!(sent(&world).await, Vec::<String>::new());
    let tomorrow = NOON.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(25);
    let world = world.with_setup(|setup| setup.clock = app::Clock::Fixed(tomorrow));
    world.tick("sweeper").await;
    assert_eq!(sent(&world).await, ["whose announcement was lost"]);
}

#[tokio::test]
async fn a_relay_leaves_what_its_function_may_not_send() {
    let world = World::at(NOON).await.with_tenant("Europe/Berlin").await;
    let app = world.app(Role::App);
    relay::announce(&app).await.unwrap();
    crash(&world, &["an import"]).await;
    let tenant = Some(world.tenant().number);
    assert_eq!(relay::outbox(&app, tenant, &[QueueName::Reports]).await.unwrap(), 0);
    assert_eq!(sent(&world).await, Vec::<String>::new());
    world.tick("sweeper").await;
    assert_eq!(sent(&world).await, ["an import"]);
}
