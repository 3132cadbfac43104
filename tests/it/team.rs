//! Teams: who is asked in, what each may do, and that the log tells all of it.

use std::fmt::Write as _;

use domain::access::Role;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::World;
use tests::people::{choose, code, join, letter_to, member, sign_up};

const NOW: &str = "2026-11-21T07:00:00Z";

async fn shop() -> World {
    World::at(NOW).await.with_tenant("Europe/Berlin").await
}

fn later(world: World, seconds: i64) -> World {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let later = now + jiff::SignedDuration::from_secs(seconds);
    world.with_setup(|setup| setup.clock = app::Clock::Fixed(later))
}

#[tokio::test]
async fn somebody_is_invited_by_letter_and_accepts_once() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let wanted = json!({ "email": "Bob@people.example", "role": "editor" });
    let invited = world.post("/v1/team/invitations", &owner.token, &wanted).await.expect(201);
    assert_eq!(invited.json["invited_by"], format!("person:{}", owner.id));
    world.drain_queues().await;
    let code = code(&letter_to(&world, "Bob@people.example"));
    let accept = json!({ "code": code });
    // Another account does not get in with it.
    let eve = sign_up(&world, "eve@people.example").await;
    world.post("/v1/team/accept", &eve.token, &accept).await.expect(403);
    let bob = sign_up(&world, "bob@people.example").await;
    let accepted = world.post("/v1/team/accept", &bob.token, &accept).await.expect(200);
    assert_eq!(accepted.json["role"], "editor");
    world.post("/v1/team/accept", &bob.token, &accept).await.expect(422);
    let token = choose(&world, &bob, world.tenant()).await;
    let team = world.get("/v1/team", &token).await.expect(200);
    let roles: Vec<&Value> =
        team.json["members"].as_array().unwrap().iter().map(|it| &it["role"]).collect();
    assert_eq!(roles, ["owner", "editor"]);
    let open = world.get("/v1/team/invitations", &owner.token).await.expect(200);
    assert_eq!(open.json["invitations"], json!([]));
}

#[tokio::test]
async fn an_invitation_that_was_withdrawn_replaced_or_is_over_lets_nobody_in() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let bob = sign_up(&world, "bob@people.example").await;
    let wanted = json!({ "email": "bob@people.example", "role": "viewer" });
    let invite = async || {
        let invited = world.post("/v1/team/invitations", &owner.token, &wanted).await.expect(201);
        world.drain_queues().await;
        let id = invited.json["id"].as_str().unwrap().to_owned();
        (id, json!({ "code": code(&letter_to(&world, "bob@people.example")) }))
    };
    let (_, replaced) = invite().await;
    let (withdrawn, code) = invite().await;
    assert_ne!(replaced, code);
    world.post("/v1/team/accept", &bob.token, &replaced).await.expect(422);
    let path = format!("/v1/team/invitations/{withdrawn}");
    world.delete(&path, &owner.token).await.expect(204);
    world.delete(&path, &owner.token).await.expect(404);
    world.post("/v1/team/accept", &bob.token, &code).await.expect(422);
    let (_, over) = invite().await;
    let bob = bob.clone();
    let world = later(world, 7 * 24 * 3600);
    let bob = tests::people::log_in(&world, &bob.email).await;
    world.post("/v1/team/accept", &bob.token, &over).await.expect(422);
}

#[tokio::test]
async fn a_role_counts_from_the_next_call_on() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let bob = member(&world, world.tenant(), Role::Viewer).await;
    let kind = json!({ "kind": "counter" });
    world.put("/v1/metrics/visits", &bob.token, &kind).await.expect(403);
    let path = format!("/v1/team/{}", bob.id);
    world.patch(&path, &owner.token, &json!({ "role": "editor" })).await.expect(204);
    world.put("/v1/metrics/visits", &bob.token, &kind).await.expect(200);
    world.patch(&path, &owner.token, &json!({ "role": "viewer" })).await.expect(204);
    world.put("/v1/metrics/visits", &bob.token, &kind).await.expect(403);
    world.get("/v1/metrics", &bob.token).await.expect(200);
    world.delete(&path, &owner.token).await.expect(204);
    world.get("/v1/metrics", &bob.token).await.expect(403);
    world.get("/v1/account", &bob.token).await.expect(200);
}

#[tokio::test]
async fn each_role_may_do_what_is_its_own() {
    let world = shop().await;
    member(&world, world.tenant(), Role::Owner).await;
    for (role, reads, writes, administers) in [
        (Role::Owner, 200, 200, 200),
        (Role::Admin, 200, 200, 200),
        (Role::Editor, 200, 200, 403),
        (Role::Viewer, 200, 403, 403),
    ] {
        let who = member(&world, world.tenant(), role).await;
        let got = world.get("/v1/metrics", &who.token).await;
        assert_eq!(got.status, reads, "{role:?} reads");
        let kind = json!({ "kind": "counter" });
        let put = world.put("/v1/metrics/visits", &who.token, &kind).await;
        assert_eq!(put.status, writes, "{role:?} writes");
        for path in ["/v1/audit", "/v1/api-keys", "/v1/hooks"] {
            let got = world.get(path, &who.token).await;
            assert_eq!(got.status, administers, "{role:?} {path}");
        }
        let team = world.get("/v1/team", &who.token).await;
        assert_eq!(team.status, if role == Role::Viewer { 200 } else { reads }, "{role:?} team");
    }
}

#[tokio::test]
async fn an_admin_neither_makes_nor_unmakes_owners() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let admin = member(&world, world.tenant(), Role::Admin).await;
    let editor = member(&world, world.tenant(), Role::Editor).await;
    let to = |role: &str| json!({ "role": role });
    let path = |who: &tests::people::LoggedIn| format!("/v1/team/{}", who.id);
    world.patch(&path(&editor), &admin.token, &to("owner")).await.expect(403);
    world.patch(&path(&admin), &admin.token, &to("owner")).await.expect(403);
    world.patch(&path(&owner), &admin.token, &to("viewer")).await.expect(403);
    world.delete(&path(&owner), &admin.token).await.expect(403);
    let wanted = json!({ "email": "new@people.example", "role": "owner" });
    world.post("/v1/team/invitations", &admin.token, &wanted).await.expect(403);
    world.patch(&path(&editor), &admin.token, &to("admin")).await.expect(204);
    world.patch(&path(&editor), &admin.token, &to("chief")).await.expect(422);
}

#[tokio::test]
async fn the_last_owner_stays_whoever_goes_at_the_same_moment() {
    let world = shop().await;
    let one = member(&world, world.tenant(), Role::Owner).await;
    let path = |who: &tests::people::LoggedIn| format!("/v1/team/{}", who.id);
    world.post("/v1/team/leave", &one.token, &Value::Null).await.expect(409);
    world.patch(&path(&one), &one.token, &json!({ "role": "viewer" })).await.expect(409);
    world.delete(&path(&one), &one.token).await.expect(409);
    for _ in 0..5 {
        let other = member(&world, world.tenant(), Role::Owner).await;
        let owners = "select count(*) from membership where role = 'owner'";
        assert_eq!(world.count(owners).await, 2);
        let (a, b) = tokio::join!(
            world.post("/v1/team/leave", &one.token, &Value::Null),
            world.post("/v1/team/leave", &other.token, &Value::Null),
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409]);
        assert_eq!(world.count(owners).await, 1);
        let left = if a.status == 204 { &one } else { &other };
        join(&world, world.tenant(), left, Role::Owner).await;
        world.sql(&format!("delete from membership where person = '{}'", other.id)).await;
    }
}

#[tokio::test]
async fn a_tenant_is_handed_over() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let editor = member(&world, world.tenant(), Role::Editor).await;
    let to = |who: &str| json!({ "person": who });
    world.post("/v1/team/transfer", &editor.token, &to(&editor.id)).await.expect(403);
    world.post("/v1/team/transfer", &owner.token, &to(&owner.id)).await.expect(422);
    let nobody = "7a6e0000-0000-7000-8000-00000000ffff";
    world.post("/v1/team/transfer", &owner.token, &to(nobody)).await.expect(404);
    world.post("/v1/team/transfer", &owner.token, &to(&editor.id)).await.expect(204);
    let team = world.get("/v1/team", &editor.token).await.expect(200);
    let role = |id: &str| {
        let members = team.json["members"].as_array().unwrap();
        members.iter().find(|it| it["person"] == id).unwrap()["role"].clone()
    };
    assert_eq!((role(&owner.id), role(&editor.id)), (json!("admin"), json!("owner")));
}

#[tokio::test]
async fn a_person_in_two_tenants_is_in_the_one_that_the_token_names() {
    let world = shop().await.with_tenant("Asia/Tokyo").await;
    let [berlin, tokyo] = world.tenants() else { panic!("two tenants") };
    member(&world, tokyo, Role::Owner).await;
    let ann = member(&world, berlin, Role::Owner).await;
    let wanted = json!({ "tenant": tokyo.id });
    world.post("/v1/sessions/tenant", &ann.token, &wanted).await.expect(404);
    join(&world, tokyo, &ann, Role::Viewer).await;
    let in_tokyo = choose(&world, &ann, tokyo).await;
    let kind = json!({ "kind": "counter" });
    world.put("/v1/metrics/visits", &ann.token, &kind).await.expect(200);
    world.put("/v1/metrics/visits", &in_tokyo, &kind).await.expect(403);
    world.get("/v1/metrics/visits", &in_tokyo).await.expect(404);
    // The session remembers what was chosen last.
    let shown = json!({ "refresh_token": ann.refresh });
    let renewed = world.post("/v1/sessions/refresh", "", &shown).await.expect(200);
    assert_eq!(renewed.json["tenant"], json!(tokyo.id));
}

#[tokio::test]
async fn the_log_tells_who_did_what_and_cannot_be_changed_unseen() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let editor = member(&world, world.tenant(), Role::Editor).await;
    let path = format!("/v1/team/{}", editor.id);
    for role in ["viewer", "admin", "editor"] {
        world.patch(&path, &owner.token, &json!({ "role": role })).await.expect(204);
    }
    // What is refused is not done, and not told.
    world.patch(&path, &editor.token, &json!({ "role": "owner" })).await.expect(403);
    let log = world.get("/v1/audit?limit=2", &owner.token).await.expect(200);
    let newest = &log.json["entries"][0];
    assert_eq!(
        newest["entry"],
        json!({
            "actor": format!("person:{}", owner.id), "action": "team.role_changed",
            "subject": editor.id, "before": { "role": "admin" }, "after": { "role": "editor" },
        })
    );
    assert_eq!(log.json["next"], 2);
    let rest = world.get("/v1/audit?before=2", &owner.token).await.expect(200);
    assert_eq!(rest.json["entries"][0]["number"], 1);
    // Whoever has the entries can add them up without us.
    let mut before = [0; 32];
    let mut entries = [log.json["entries"].clone(), rest.json["entries"].clone()]
        .iter()
        .flat_map(|it| it.as_array().unwrap().clone())
        .collect::<Vec<_>>();
    entries.reverse();
    for entry in &entries {
        let at: jiff::Timestamp = entry["recorded_at"].as_str().unwrap().parse().unwrap();
        let mut hash = Sha256::new();
        hash.update(before);
        let text = entry["text"].as_str().unwrap();
        hash.update(format!("{}\n{}\n{text}", entry["number"], at.as_microsecond()));
        before = hash.finalize().into();
        let hex = before.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        assert_eq!(entry["hash"], json!(hex));
    }
    assert!(verified(&world).await.0);
    for (change, fault) in [
        ("update audit set entry = replace(entry, 'admin', 'owner') where number = 2", "entry 2"),
        ("update audit set recorded_at = recorded_at + interval '1 s' where number = 3", "entry 3"),
        ("delete from audit where number = 2", "entry 2 is missing"),
        ("delete from audit where number = 3", "its end is missing"),
    ] {
        let kept = world.sql("select number, recorded_at, entry, hash from audit").await;
        assert_eq!(kept.len(), 3);
        world.sql("create table kept as select * from audit").await;
        world.sql(change).await;
        let (is_sound, told) = verified(&world).await;
        assert!(!is_sound && told.contains(fault), "{change}: {told}");
        world.sql("delete from audit").await;
        world.sql("insert into audit select * from kept").await;
        world.sql("drop table kept").await;
        assert!(verified(&world).await.0);
    }
}

async fn verified(world: &World) -> (bool, String) {
    let url = world.database_url(app::Role::Owner);
    let owner = store::connect(&local::postgres::options_of(url)).await.unwrap();
    let mut told = String::new();
    let is_sound = local::audit::all(&owner, &mut |line| told.push_str(line)).await.unwrap();
    (is_sound, told)
}

#[tokio::test]
async fn no_service_changes_what_the_log_says() {
    let world = shop().await;
    let owner = member(&world, world.tenant(), Role::Owner).await;
    let wanted = json!({ "email": "bob@people.example", "role": "viewer" });
    world.post("/v1/team/invitations", &owner.token, &wanted).await.expect(201);
    let db = world.app(app::Role::App).db.clone();
    for change in
        ["update audit set entry = '{}' where number = 1", "delete from audit where number = 1"]
    {
        let tx = db.tenant(world.tenant().number).await.unwrap();
        let answer = tx.query(change, &[]).await;
        assert!(answer.is_err(), "{change}");
    }
}

#[tokio::test]
async fn whoever_hosts_it_lets_the_first_owner_in() {
    let world = shop().await;
    let shop = world.key(&[]).await;
    let bob = sign_up(&world, "bob@people.example").await;
    let wanted = local::command_line::InviteOptions {
        shop: domain::access::SecretKey::parse(&shop).unwrap(),
        email: domain::report::Address::parse("bob@people.example").unwrap(),
        role: Role::Owner,
    };
    let url = world.database_url(app::Role::Owner);
    let mut owner = store::connect(&local::postgres::options_of(url)).await.unwrap();
    let keys = app::unsubscribe::Keys::parse(&world.setup().config.unsubscribe_keys).unwrap();
    let made = local::shop::invite(&mut owner, &wanted, &keys).await.unwrap();
    let (_, code) = made.expect("the shop has the key");
    // The command line lives by the clock on the wall.
    world.sql("update invitation set expires_at = '2027-01-01', created_at = '2026-11-20'").await;
    world.post("/v1/team/accept", &bob.token, &json!({ "code": code })).await.expect(200);
    let token = choose(&world, &bob, world.tenant()).await;
    world.get("/v1/audit", &token).await.expect(200);
}
