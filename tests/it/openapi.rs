//! The committed API document is what the functions say, and the functions do what it says.

use std::collections::{BTreeMap, BTreeSet};

use app::Trigger;
use domain::access::{Needs, ROUTES, Role, Scope};
use http::{Method, Request, header};
use serde_json::{Value, json};
use tests::{Answer, World, people};

/// Bodies and parameters that a document's schemas allow.
pub(crate) mod example;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/openapi.json");
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// One operation of the document.
pub(crate) struct Operation<'a> {
    pub(crate) document: &'a Value,
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) told: &'a Value,
}

pub(crate) fn current() -> Value {
    let document = local::openapi::document(local::functions::all()).unwrap();
    serde_json::from_str(&document).unwrap()
}

pub(crate) fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| {
            let told = item.get(method)?;
            let method = method.to_uppercase().parse().unwrap();
            Some(Operation { document, method, path, told })
        })
    });
    all.collect()
}

impl Operation<'_> {
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// What a credential needs, as the document says.
    pub(crate) fn needs(&self) -> Needs {
        let Some(security) = self.told.get("security") else { return Needs::Nothing };
        let [scheme] = &security.as_array().unwrap()[..] else {
            panic!("{}: one scheme", self.name())
        };
        if scheme.get("person").is_some() {
            return Needs::Person;
        }
        let scopes = scheme["api_key"].as_array().expect("the scheme is `api_key` or `person`");
        match &scopes[..] {
            [] => Needs::AnyCredential,
            [scope] => {
                let scope = scope.as_str().and_then(Scope::parse);
                Needs::Of(scope.expect("a scope of ours"))
            }
            more => panic!("{}: {more:?}", self.name()),
        }
    }

    async fn ask(&self, world: &World, key: &str) -> Answer {
        let path = example::path(self.document, self.path, self.told);
        let mut request = Request::builder().method(self.method.clone()).uri(path);
        if !key.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let body = example::body(self.document, self.told);
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let body = body.map(|(_, body)| body.to_string()).unwrap_or_default();
        world.send(request.body(body.into()).unwrap()).await
    }
}

#[test]
fn the_committed_document_is_current() {
    let current = local::openapi::document(local::functions::all()).unwrap();
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        committed == current,
        "infra/openapi.json is not what the functions say: run \
         `cargo run -p local -- openapi --write`, and look at the difference"
    );
}

#[test]
fn the_document_tells_who_may_call_and_what_goes_wrong() {
    let document = current();
    assert_eq!(document["info"]["title"], "Takings");
    assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
    let codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].clone();
    let known: Vec<&str> = app::ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes, json!(known));
    let mut ids = BTreeSet::new();
    for operation in operations(&document) {
        let (name, told) = (operation.name(), operation.told);
        assert!(told["summary"].is_string() && told["tags"][0].is_string(), "{name} says little");
        assert!(ids.insert(told["operationId"].as_str().unwrap()), "{name}: its id is not its own");
        let responses = told["responses"].as_object().unwrap();
        // A webhook shows a signature.
        let shows = operation.needs() != Needs::Nothing
            || operation.path.starts_with("/v1/webhooks/")
            || ["/v1/sessions", "/v1/sessions/refresh"].contains(&operation.path);
        assert_eq!(responses.contains_key("401"), shows, "{name}");
        for (status, response) in responses {
            let success = status.starts_with(['2', '3']);
            let content = response["content"].as_object();
            let says = content.is_some_and(|content| !content.is_empty());
            assert!(success || says, "{name}: {status} has no body");
        }
    }
    assert!(ids.len() > 10, "only {} operations", ids.len());
}

#[test]
fn no_two_functions_give_one_name_to_different_things() {
    let mut known: BTreeMap<(&str, String), (&str, Value)> = BTreeMap::new();
    let mut twice = Vec::new();
    for function in local::functions::all() {
        let Trigger::Http(routes) = function.trigger else { continue };
        let document = json!(routes.into_openapi());
        for (kind, pointer) in [("schema", "/components/schemas"), ("path", "/paths")] {
            let named = document.pointer(pointer).and_then(Value::as_object);
            for (name, told) in named.into_iter().flatten() {
                let ours = (function.name, told.clone());
                let (other, before) = known.entry((kind, name.clone())).or_insert(ours);
                if before != told {
                    twice.push(format!("{kind} {name} of {other} and of {}", function.name));
                }
            }
        }
    }
    assert!(twice.is_empty(), "{twice:#?}");
}

#[test]
fn every_parameter_in_the_path_stands_in_the_path_and_no_other_is_required() {
    let document = current();
    for operation in operations(&document) {
        let parameters = operation.told["parameters"].as_array();
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let stands = operation.path.contains(&format!("{{{name}}}"));
            assert_eq!(parameter["in"] == "path", stands, "{}: {name}", operation.name());
            assert_eq!(parameter["required"] == true, stands, "{}: {name}", operation.name());
        }
    }
}

#[tokio::test]
async fn every_problem_has_the_documented_fields() {
    let world = World::sample().await;
    let answer = world.get("/v1/metrics/none", local::sample::secret().reveal()).await.expect(404);
    let document = current();
    let schema = &document["components"]["schemas"]["Problem"];
    for (field, value) in answer.json.as_object().unwrap() {
        let kind = if value.is_string() { "string" } else { "integer" };
        assert_eq!(schema["properties"][field]["type"], kind, "{field}");
    }
    for field in schema["required"].as_array().unwrap() {
        assert!(answer.json.get(field.as_str().unwrap()).is_some(), "{field}");
    }
}

#[test]
fn the_table_of_routes_is_the_document_and_nothing_else() {
    let document = current();
    let told: BTreeSet<(String, String)> = operations(&document)
        .iter()
        .map(|it| (it.method.to_string(), it.path.to_owned()))
        .collect();
    let table: BTreeSet<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(table.len(), ROUTES.len(), "a route stands twice");
    assert_eq!(table, told);
    for operation in operations(&document) {
        let needs = domain::access::needs(operation.method.as_str(), operation.path);
        assert_eq!(needs, Some(operation.needs()), "{}", operation.name());
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_what_not_to_do_with_it() {
    let world = World::sample().await;
    let document = current();
    for operation in operations(&document) {
        let answer = operation.ask(&world, "").await;
        for (name, _) in app::serve::GUARDS {
            assert!(answer.headers.contains_key(&name), "{}: no {name}", operation.name());
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{}", operation.name());
        let policy = answer.header("content-security-policy");
        let is_strict = policy.contains("default-src 'none'");
        assert!(is_strict && policy.contains("frame-ancestors 'none'"), "{}", operation.name());
        assert_eq!(answer.header("strict-transport-security"), "", "localhost has no TLS");
    }
    let world = world.with_setup(|setup| {
        setup.config.public_url = "https://api.shop.example".to_owned();
    });
    let answer = world.get("/v1/metrics", "").await.expect(401);
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
}

#[tokio::test]
async fn what_the_table_does_not_know_is_not_served() {
    let world = World::sample().await;
    async fn answer() -> &'static str {
        "served"
    }
    let routes = utoipa_axum::router::OpenApiRouter::new()
        .route("/v1/forgotten", axum::routing::get(answer))
        .route("/v1/metrics", axum::routing::patch(answer));
    let router = app::serve::router("forgotten", routes, world.app(app::Role::App));
    let key = world.key(&Scope::of_keys().collect::<Vec<_>>()).await;
    for (method, path) in [(Method::GET, "/v1/forgotten"), (Method::PATCH, "/v1/metrics")] {
        let request = tests::client::request(method, path, &key).body("".into()).unwrap();
        let answer = tests::client::send(router.clone(), request).await;
        assert_eq!(answer.status, 405, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn every_operation_asks_for_exactly_the_scope_that_is_documented() {
    let world = World::sample().await;
    let document = current();
    let mut wrong = Vec::new();
    for operation in operations(&document) {
        wrong.extend(disagreements(&world, &operation).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_document_that_says_something_else_is_noticed() {
    let world = World::sample().await;
    let security = |scopes: &[&str]| json!([{ "api_key": scopes }]);
    for (path, mistaken) in [
        ("/v1/metrics", json!({ "get": { "security": security(&["metrics:write"]) } })),
        ("/v1/metrics", json!({ "get": { "security": security(&[]) } })),
        ("/v1/metrics", json!({ "get": {} })),
        ("/v1/metrics", json!({ "patch": { "security": security(&["metrics:read"]) } })),
        ("/v1/nowhere", json!({ "get": { "security": security(&["metrics:read"]) } })),
        ("/.well-known/jwks.json", json!({ "get": { "security": security(&[]) } })),
    ] {
        let document = json!({ "paths": { path: mistaken } });
        let wrong = disagreements(&world, &operations(&document)[0]).await;
        assert!(!wrong.is_empty(), "nobody noticed {document}");
    }
}

/// Where the operation does not ask for what the document says.
async fn disagreements(world: &World, operation: &Operation<'_>) -> Vec<String> {
    let name = operation.name();
    let mut wrong = Vec::new();
    let mut expect = |what: &str, holds: bool, answer: &Answer| {
        if !holds {
            wrong.push(format!("{name} {what}: {} {}", answer.status, answer.text()));
        }
    };
    let served = |answer: &Answer| {
        let nowhere = answer.json["detail"] == "no function serves this path";
        answer.status != 405 && answer.status < 500 && !nowhere
    };
    let nobody = operation.ask(world, "").await;
    let needs = operation.needs();
    if needs == Needs::Nothing {
        // A webhook misses its signature, a session its password.
        let shows = operation.path.starts_with("/v1/webhooks/")
            || operation.path.starts_with("/v1/sessions");
        let is_open = nobody.status != 401 || shows;
        expect("without a credential", is_open && served(&nobody), &nobody);
        return wrong;
    }
    expect("without a credential", nobody.status == 401, &nobody);
    let allowed = |answer: &Answer| ![401, 403].contains(&answer.status) && served(answer);
    let refused = |answer: &Answer| answer.status == 403;
    let every: Vec<Scope> = Scope::of_keys().collect();
    for (name, credential, may) in credentials(world, needs, &every).await {
        let answer = operation.ask(world, &credential).await;
        // What is for people may ask for their password, too.
        let asks_again = answer.status == 401 && answer.text().contains("password is wrong");
        let holds = if may { allowed(&answer) || asks_again } else { refused(&answer) };
        expect(&name, holds, &answer);
    }
    wrong
}

/// Credentials, each with whether the operation should let it in.
async fn credentials(world: &World, needs: Needs, every: &[Scope]) -> Vec<(String, String, bool)> {
    let mut shown = vec![];
    let tenant = world.tenant();
    let but = |scope: Scope| every.iter().filter(|it| **it != scope).copied().collect::<Vec<_>>();
    match needs {
        Needs::Of(scope) if Scope::OF_PEOPLE.contains(&scope) => {
            shown.push(("with every key".to_owned(), world.key(every).await, false));
        }
        Needs::Of(scope) => {
            shown.push(("with its scope".to_owned(), world.key(&[scope]).await, true));
            shown.push((
                format!("without {}", scope.as_str()),
                world.key(&but(scope)).await,
                false,
            ));
        }
        Needs::Person => {
            shown.push(("with every key".to_owned(), world.key(every).await, false));
            shown.push(("as a person".to_owned(), people::token(world, None).await, true));
        }
        Needs::AnyCredential => {
            shown.push(("with a key of no scope".to_owned(), world.key(&[]).await, true));
        }
        Needs::Nothing => {}
    }
    if let Needs::Of(scope) = needs {
        for role in Role::ALL {
            let token = people::token(world, Some((tenant, role))).await;
            let may = role.scopes().contains(&scope);
            shown.push((format!("as {}", role.as_str()), token, may));
        }
        let stranger = people::token(world, None).await;
        shown.push(("as a person without a tenant".to_owned(), stranger, false));
    }
    shown
}
