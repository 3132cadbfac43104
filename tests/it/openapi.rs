//! The committed API document is what the functions say, and the functions do what it says.

use std::collections::{BTreeMap, BTreeSet};

use app::Trigger;
use domain::access::Scope;
use http::{Method, Request, header};
use serde_json::{Value, json};
use tests::{Answer, World};

/// Bodies and parameters that a document's schemas allow.
mod example;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/openapi.json");
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// One operation of the document.
struct Operation<'a> {
    document: &'a Value,
    method: Method,
    path: &'a str,
    told: &'a Value,
}

fn current() -> Value {
    let document = local::openapi::document(local::functions::all()).unwrap();
    serde_json::from_str(&document).unwrap()
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
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
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The scopes that a credential needs; none where no credential is asked for.
    fn scopes(&self) -> Option<Vec<Scope>> {
        let security = self.told.get("security")?.as_array().unwrap();
        let [scheme] = &security[..] else { panic!("{}: one scheme", self.name()) };
        let scopes = scheme["api_key"].as_array().expect("the scheme is `api_key`");
        let scope = |scope: &Value| Scope::parse(scope.as_str()?);
        Some(scopes.iter().map(|each| scope(each).expect("a scope of ours")).collect())
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
        let shows = operation.scopes().is_some() || operation.path.starts_with("/v1/webhooks/");
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
    let Some(scopes) = operation.scopes() else {
        // A webhook misses its signature.
        let is_open = nobody.status != 401 || operation.path.starts_with("/v1/webhooks/");
        expect("without a credential", is_open && served(&nobody), &nobody);
        return wrong;
    };
    expect("without a credential", nobody.status == 401, &nobody);
    let exactly = operation.ask(world, &world.key(&scopes).await).await;
    let allowed = ![401, 403].contains(&exactly.status) && served(&exactly);
    expect("with its scopes", allowed, &exactly);
    for scope in scopes {
        let but_one = Scope::ALL.into_iter().filter(|other| *other != scope);
        let key = world.key(&but_one.collect::<Vec<_>>()).await;
        let refused = operation.ask(world, &key).await;
        expect(&format!("without {}", scope.as_str()), refused.status == 403, &refused);
    }
    wrong
}
