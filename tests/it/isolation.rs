//! No tenant sees another's rows, and no role that serves tenants could.

use app::Role;
use domain::access::Scope;
use store::{Db, DbOptions, Error};
use tests::World;
use tokio_postgres::types::Type;

/// Tables that a tenant's rows lie in: those with the column, and their partitions.
const TENANT_TABLES: &str = "
    select c.oid::regclass::text, c.relrowsecurity and c.relforcerowsecurity,
           exists (
               select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_only'
                   and p.polpermissive and p.polcmd = '*'
                   and pg_get_expr(p.polqual, p.polrelid)
                       ~ '^\\(?tenant = \\( SELECT app_tenant'
                   and pg_get_expr(p.polwithcheck, p.polrelid)
                       ~ '^\\(?tenant = \\( SELECT app_tenant'
           ),
           c.relispartition
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant' and not a.attisdropped
    where c.relkind in ('r', 'p')
    order by 1";

async fn world_with_a_partition() -> World {
    let world =
        World::new().await.with_tenant("Europe/Berlin").await.with_tenant("Asia/Tokyo").await;
    world.sql("select ensure_point_week(date '2026-11-16')").await;
    world
}

#[tokio::test]
async fn every_table_with_a_tenant_forces_row_level_security() {
    let world = world_with_a_partition().await;
    let tables = world.sql(TENANT_TABLES).await;
    assert!(tables.len() > 10, "only {} tables", tables.len());
    assert!(tables.iter().any(|table| table.get(3)), "no partition was looked at");
    for table in tables {
        let (name, forced, has_policy, partition): (String, bool, bool, bool) =
            (table.get(0), table.get(1), table.get(2), table.get(3));
        assert!(forced, "{name} does not force row-level security");
        // A partition is read through its parent; by itself it shows nobody anything.
        assert!(has_policy || partition, "{name} lacks the policy `tenant_only`");
    }
}

#[tokio::test]
async fn a_table_without_a_tenant_is_on_the_short_list() {
    let world = World::new().await;
    let tables = world
        .sql(
            "select c.relname::text from pg_class c
             join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
             where c.relkind in ('r', 'p') and not exists (
                 select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant')
             order by 1",
        )
        .await;
    let names: Vec<String> = tables.iter().map(|table| table.get(0)).collect();
    assert_eq!(
        names,
        [
            "job",
            "job_dead",
            "job_sent",
            "key_value",
            "person",
            "person_code",
            "refinery_schema_history",
            "session"
        ]
    );
}

#[tokio::test]
async fn every_table_of_a_person_shows_its_rows_to_that_person_alone() {
    let world = World::new().await;
    let ann = tests::people::sign_up(&world, "ann@people.example").await;
    tests::people::sign_up(&world, "bob@people.example").await;
    let db = world.app(Role::App).db.clone();
    for table in ["person", "person_code", "session"] {
        let forced = format!(
            "select count(*) from pg_class c join pg_policy p on p.polrelid = c.oid
             where c.relname = '{table}' and c.relrowsecurity and c.relforcerowsecurity
               and p.polname = 'person_only'"
        );
        assert_eq!(world.count(&forced).await, 1, "{table}");
        let every = format!("select count(*) from {table}");
        assert!(world.count(&every).await >= 2, "{table}");
        let tx = db.across().await.unwrap();
        let rows = tx.query(&every, &[]).await.unwrap();
        assert_eq!(rows[0].get::<_, i64>(0), 0, "{table} shows rows without a person");
        tx.query(&format!("set local app.person = '{}'", ann.id), &[]).await.unwrap();
        let others = format!("select count(*) from {table} where person <> '{}'", ann.id);
        assert_eq!(tx.query(&others, &[]).await.unwrap()[0].get::<_, i64>(0), 0, "{table}");
        assert!(tx.query(&every, &[]).await.unwrap()[0].get::<_, i64>(0) > 0, "{table}");
        tx.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn the_lesser_roles_own_nothing_and_bypass_nothing() {
    let world = world_with_a_partition().await;
    let owned = "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner
                 where r.rolname in ('takings_app', 'takings_system')";
    assert_eq!(world.count(owned).await, 0);
    let powers = "select count(*) from pg_roles r join pg_roles m
                    on pg_has_role(r.oid, m.oid, 'member')
                  where r.rolname in ('takings_app', 'takings_system')
                    and (m.rolsuper or m.rolbypassrls or m.rolcreaterole or m.rolcreatedb)";
    assert_eq!(world.count(powers).await, 0);
}

#[tokio::test]
async fn a_partition_shows_its_rows_only_through_its_parent() {
    let world = world_with_a_partition().await;
    let tx = world.app(Role::App).db.tenant(world.tenant().number).await.unwrap();
    let answer = tx.query("select count(*) from point_head_20261116", &[]).await;
    assert!(matches!(answer, Err(Error::Statement(_))), "{answer:?}");
}

#[tokio::test]
async fn without_a_tenant_nothing_is_seen() {
    let world = world_with_a_partition().await;
    world.key(&[Scope::QueryRead]).await;
    let db = world.app(Role::App).db.clone();
    for table in world.sql(TENANT_TABLES).await {
        let (name, partition): (String, bool) = (table.get(0), table.get(3));
        if partition {
            continue;
        }
        let tx = db.across().await.unwrap();
        let rows = tx.query(&format!("select count(*) from {name}"), &[]).await.unwrap();
        assert_eq!(rows[0].get::<_, i64>(0), 0, "{name} shows rows without a tenant");
        tx.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn a_tenant_sees_itself_and_writes_for_itself_only() {
    let world = world_with_a_partition().await;
    let [ours, theirs] = world.tenants() else { panic!("two tenants were made") };
    let db = world.app(Role::App).db.clone();
    let tx = db.tenant(ours.number).await.unwrap();
    let seen = tx.query("select tenant from tenant", &[]).await.unwrap();
    let seen: Vec<i32> = seen.iter().map(|row| row.get(0)).collect();
    assert_eq!(seen, [ours.number.0]);
    let theirs = theirs.number.0;
    let changed = tx
        .query(
            "update tenant set name = 'ours' where tenant = $1 returning tenant",
            &[(&theirs, Type::INT4)],
        )
        .await
        .unwrap();
    assert!(changed.is_empty(), "another tenant was changed");
    let forged = tx
        .query(
            "insert into outbox (tenant, queue, body) values ($1, 'reports', '{}')",
            &[(&theirs, Type::INT4)],
        )
        .await;
    assert!(matches!(forged, Err(Error::Statement(_))), "{forged:?}");
}

#[tokio::test]
async fn a_connection_forgets_the_tenant_before_its_next_use() {
    let world = World::new().await.with_tenant("Europe/Berlin").await;
    let options = DbOptions {
        url: world.database_url(Role::App).to_owned(),
        tls_ca_file: None,
        connections: 1,
        direct: true,
        checks_role: true,
    };
    let db = Db::new(options);
    for _ in 0..3 {
        let tx = db.tenant(world.tenant().number).await.unwrap();
        assert_eq!(tx.query("select from tenant", &[]).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        let tx = db.across().await.unwrap();
        assert!(tx.query("select from tenant", &[]).await.unwrap().is_empty());
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn no_function_starts_as_a_superuser() {
    let world = World::new().await;
    let options = DbOptions {
        url: world.database_url(Role::Owner).to_owned(),
        tls_ca_file: None,
        connections: 1,
        direct: true,
        checks_role: true,
    };
    let answer = Db::new(options).warm().await;
    assert!(matches!(answer, Err(Error::UnsafeRole(_))), "{answer:?}");
}
