//! Whoever knows an id of another tenant learns no more than who guesses one, and changes nothing.
//!
//! Every operation of the API document, every id in its path or body, and every value that the
//! other tenant has written down anywhere: the answer is, letter by letter, that to an id which
//! nobody has. Lower roles and missing credentials are `openapi`'s.

use std::collections::{BTreeMap, BTreeSet};

use app::Trigger;
use domain::access::{Needs, Role, Scope};
use http::{Method, Request, header};
use tests::{World, people};

use crate::events::seeds;
use crate::openapi::{Operation, current, example, operations};

/// More values of a tenant are not tried with one operation.
const VALUES: usize = 60;
/// What the examples of the document write for an id.
const EXAMPLE: &str = "7a6e0000-0000-7000-8000-0000000000ff";
/// Operations whose example of a body, or of a token, opens nothing to anybody: for these the
/// matrix shows that all ids are refused alike, but not that one of them was a good one.
const UNREACHED: &[&str] = &[
    "DELETE /v1/sessions/{session}",
    "GET /v1/carts/{id}",
    "PATCH /v1/carts/{id}",
    "POST /v1/carts/{id}/lines",
    "PATCH /v1/carts/{id}/lines/{line}",
    "POST /v1/carts/{id}/merge",
    "GET /v1/product-types/{name}",
    "PUT /v1/product-types/{name}",
    "PUT /v1/products/{id}",
    "PUT /v1/shipping-options/{id}",
    "PUT /v1/tax-zones/{zone}",
    "POST /v1/checkout",
    "GET /v1/checkout/{order}",
    "PUT /v1/discounts/{handle}",
    "POST /v1/orders/{order}/fulfillments/{fulfillment}/cancel",
    "POST /v1/orders/{order}/fulfillments/{fulfillment}/deliver",
    "POST /v1/orders/{order}/fulfillments/{fulfillment}/ship",
    "POST /v1/hooks/{hook}/deliveries/{delivery}/replay",
    "DELETE /v1/quarantine/{id}",
    "POST /v1/stock/adjustments",
    "GET /v1/metrics/{name}/tags/{key}",
    "POST /v1/orders/{order}/reductions",
    "POST /v1/orders/{order}/returns",
    "POST /v1/orders/{order}/returns/{return}/answer",
    "POST /v1/orders/{order}/returns/{return}/receive",
    "PATCH /v1/team/{person}",
];

/// Somebody of a tenant.
struct Somebody {
    key: String,
    token: String,
}

impl Somebody {
    async fn of(world: &World, number: usize) -> Self {
        let tenant = &world.tenants()[number];
        let scopes: Vec<Scope> = Scope::of_keys().collect();
        Self {
            key: world.key_of(tenant, &scopes, 1_000_000).await,
            token: people::token(world, Some((tenant, Role::Owner))).await,
        }
    }

    fn credential(&self, needs: Needs) -> &str {
        match needs {
            Needs::Of(scope) if Scope::OF_PEOPLE.contains(&scope) => &self.token,
            Needs::Person => &self.token,
            Needs::Of(_) | Needs::AnyCredential => &self.key,
            Needs::Nothing => "",
        }
    }
}

/// Everything that the first tenant has written into a column of ids or of names.
async fn values(world: &World) -> Vec<String> {
    let columns = world
        .sql(
            "select c.oid::regclass::text, a.attname::text
             from pg_class c
             join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
             join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant'
             where c.relkind in ('r', 'p') and not c.relispartition
               and a.atttypid in ('uuid'::regtype, 'text'::regtype)
               and c.relname not in ('audit', 'outbox')
             order by 1, 2",
        )
        .await;
    let tenant = world.tenant().number;
    let mut values = BTreeSet::new();
    for column in columns {
        let (table, name): (String, String) = (column.get(0), column.get(1));
        let sql = format!(
            "select distinct {name}::text from {table}
             where tenant = {tenant} and {name}::text ~ '^[A-Za-z0-9_-]{{1,40}}$' limit 20"
        );
        values.extend(world.sql(&sql).await.iter().map(|row| row.get::<_, String>(0)));
    }
    // Ids first: most parameters are one.
    let (mut ids, names): (Vec<_>, Vec<_>) = values.into_iter().partition(|it| is_id(it));
    ids.extend(names);
    ids
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.parse::<uuid::Uuid>().is_ok()
}

/// One operation with values in the places of its ids.
struct Call<'a> {
    operation: &'a Operation<'a>,
    /// In the order of the path, then the one in the body.
    values: Vec<String>,
}

impl Call<'_> {
    async fn ask(&self, world: &World, credential: &str) -> (u16, String) {
        let Operation { document, method, path, told } = self.operation;
        let mut values = self.values.iter();
        let mut filled = String::new();
        let mut rest = *path;
        while let Some((before, after)) = rest.split_once('{') {
            let (_, after) = after.split_once('}').unwrap();
            filled = filled + before + values.next().unwrap();
            rest = after;
        }
        let mut request = Request::builder()
            .method(method.clone())
            .uri(filled + rest)
            .header("idempotency-key", uuid::Uuid::now_v7().to_string())
            .header("cart-token", "nobody knows it");
        if !credential.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {credential}"));
        }
        let body = example::body(document, told);
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let mut body = body.map(|(_, body)| body.to_string()).unwrap_or_default();
        if let Some(value) = values.next() {
            body = body.replace(EXAMPLE, value);
        }
        let answer = world.send(request.body(body.into()).unwrap()).await;
        if !self.values.iter().all(|value| is_id(value)) {
            // A name may be a word of any answer, so only its kind is compared.
            return (answer.status, answer.json["code"].to_string());
        }
        let hide = |text: String, value: &String| text.replace(value.as_str(), "VALUE");
        (answer.status, without_ids(&self.values.iter().fold(answer.text(), hide)))
    }
}

/// Ids that were made for the answer differ from call to call.
fn without_ids(text: &str) -> String {
    let is_part = |it: char| it.is_ascii_hexdigit() || it == '-';
    text.split_inclusive(|it| !is_part(it))
        .map(|word| match word.trim_end_matches(|it| !is_part(it)) {
            id if is_id(id) => word.replace(id, "ID"),
            _ => word.to_owned(),
        })
        .collect()
}

/// How many ids an operation takes: those in its path, and one in its body.
fn places(operation: &Operation<'_>) -> (usize, bool) {
    let body = example::body(operation.document, operation.told);
    let in_body = body.is_some_and(|(_, body)| body.to_string().contains(EXAMPLE));
    (operation.path.matches('{').count(), in_body)
}

/// All ways to put values into places: every value, or every pair of the first of them.
fn ways(values: &[String], places: usize) -> Vec<Vec<String>> {
    let few = &values[..values.len().min(12)];
    match places {
        1 => values.iter().map(|value| vec![value.clone()]).collect(),
        _ => few
            .iter()
            .flat_map(|one| few.iter().map(move |other| (one, other)))
            .map(|(one, other)| {
                let mut way = vec![one.clone(), other.clone()];
                way.resize(places, other.clone());
                way
            })
            .collect(),
    }
}

/// Values of the same kind that nobody has: other ids, and names of the same letters and digits in
/// kind and number.
fn nobodys(values: &[String]) -> Vec<String> {
    let fresh = |value: &String| {
        if is_id(value) {
            return uuid::Uuid::now_v7().to_string();
        }
        let chance = app::entropy::<40>();
        let other = |(letter, chance): (char, u8)| match letter {
            'a'..='z' => char::from(b'a' + chance % 26),
            'A'..='Z' => char::from(b'A' + chance % 26),
            '0'..='9' => char::from(b'0' + chance % 10),
            other => other,
        };
        value.chars().zip(chance).map(other).collect()
    };
    let all: BTreeMap<&String, String> = values.iter().map(|it| (it, fresh(it))).collect();
    values.iter().map(|value| all[value].clone()).collect()
}

async fn people_of_the_first(world: &World) {
    let (tenant, now) = (world.tenant().number, local::sample::NOW);
    for role in [Role::Admin, Role::Viewer] {
        people::token(world, Some((world.tenant(), role))).await;
    }
    world
        .sql(&format!(
            "insert into invitation
                 (tenant, invitation, email, role, invited_by, created_at, expires_at)
             values ({tenant}, gen_random_uuid(), 'new@people.example', 'viewer', 'local',
                     '{now}', '{now}'::timestamptz + interval '1 day')"
        ))
        .await;
}

#[tokio::test]
async fn whoever_knows_an_id_of_another_tenant_learns_no_more_than_who_guesses_one() {
    let document = current();
    let (mut calls, mut leaks, mut unreached) = (0, vec![], vec![]);
    for function in local::functions::all() {
        let Trigger::Http(routes) = function.trigger else { continue };
        let own = routes.into_openapi().paths.paths;
        let world = World::sample().await.with_tenant("Asia/Tokyo").await;
        seeds::sow(&world, function.name).await;
        people_of_the_first(&world).await;
        let mut values = values(&world).await;
        values.truncate(VALUES);
        let (ours, theirs) = (Somebody::of(&world, 0).await, Somebody::of(&world, 1).await);
        let before = rows_of_the_first(&world).await;
        let of_function = operations(&document);
        let of_function = of_function.iter().filter(|it| own.contains_key(it.path));
        let mut with_ids: Vec<(&Operation<'_>, usize)> = vec![];
        for operation in of_function.filter(|it| it.needs() != Needs::Nothing) {
            let (in_path, in_body) = places(operation);
            if in_path + usize::from(in_body) > 0 {
                with_ids.push((operation, in_path + usize::from(in_body)));
            }
        }
        // What makes something of a name of its own comes last.
        with_ids.sort_by_key(|(operation, _)| operation.method == Method::PUT);
        for (operation, places) in &with_ids {
            let credential = theirs.credential(operation.needs());
            for way in ways(&values, *places) {
                let guess = || Call { operation, values: nobodys(&way) };
                if operation.method != Method::GET {
                    // The first of a kind may be in the way of the others.
                    guess().ask(&world, credential).await;
                }
                let guess = guess();
                let known = Call { operation, values: way.clone() };
                let expected = guess.ask(&world, credential).await;
                let answer = known.ask(&world, credential).await;
                calls += 1;
                if answer != expected {
                    let name = operation.name();
                    leaks.push(format!("{name} {:?}: {answer:?}, not {expected:?}", known.values));
                }
            }
        }
        let after = rows_of_the_first(&world).await;
        for (before, after) in before.iter().zip(&after).filter(|(before, after)| before != after) {
            leaks.push(format!("{}: a row was changed: {before:?} {after:?}", function.name));
        }
        // The values are those that open something to whom they belong, until it is deleted.
        with_ids.sort_by_key(|(operation, _)| operation.method == Method::DELETE);
        for (operation, places) in with_ids {
            let credential = ours.credential(operation.needs());
            let mut reached = false;
            for way in ways(&values, places) {
                let nobodys = Call { operation, values: nobodys(&way) };
                let guessed = nobodys.ask(&world, credential).await;
                let own = Call { operation, values: way }.ask(&world, credential).await;
                reached |= own != guessed;
            }
            if !reached {
                unreached.push(operation.name());
            }
        }
    }
    assert!(leaks.is_empty(), "{} leaks:\n{}", leaks.len(), leaks.join("\n"));
    assert!(calls > 1_000, "only {calls} calls");
    assert_eq!(unreached, UNREACHED, "{calls} calls");
}

/// What the first tenant has in each table.
async fn rows_of_the_first(world: &World) -> Vec<(String, i64, String)> {
    let tables = world
        .sql(
            "select c.oid::regclass::text from pg_class c
             join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
             join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant'
             where c.relkind in ('r', 'p') and not c.relispartition order by 1",
        )
        .await;
    let mut told = vec![];
    for table in tables {
        let table: String = table.get(0);
        let tenant = world.tenant().number;
        let rows = world
            .sql(&format!(
                "select count(*), coalesce(md5(string_agg(t::text, ',' order by t::text)), '')
                 from {table} t where tenant = {tenant}"
            ))
            .await;
        told.push((table, rows[0].get(0), rows[0].get(1)));
    }
    told
}
