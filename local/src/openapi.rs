//! The API document of all functions together.

use app::{Function, ProblemCode, Trigger};
use domain::access::{self, Needs};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    Response, ResponseBuilder, Schema,
};

/// Where the document is kept in the repository.
pub const FILE: &str = "infra/openapi.json";

const PROBLEM: &str = "Problem";
const PROBLEM_TYPE: &str = "application/problem+json";

/// The document, as JSON with a line break at its end.
///
/// # Errors
/// When a function documents something that is no JSON.
pub fn document(functions: Vec<Function>) -> Result<String, serde_json::Error> {
    let mut whole = frame();
    for function in functions {
        if let Trigger::Http(routes) = function.trigger {
            whole.merge(routes.into_openapi());
        }
    }
    for (path, item) in &mut whole.paths.paths {
        let PathItem { get, put, post, delete, patch, .. } = item;
        let operations =
            [("GET", get), ("PUT", put), ("POST", post), ("DELETE", delete), ("PATCH", patch)];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                operation.security = security(access::needs(method, path));
                add_problems(operation);
            }
        }
    }
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

fn frame() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API key, or an access token of `POST /v1/tokens` or `POST /v1/sessions`. What is \
             for people (`team`, `keys`, `audit`) takes no key. In pages of the service, the \
             cookie of a session stands for it",
        ))
        .build();
    let person = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An access token of `POST /v1/sessions`, or the cookie of a session"))
        .build();
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Takings")
                .version("1")
                .description(Some("A business measured: points in, figures out.")),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("api_key", SecurityScheme::Http(bearer))
                .security_scheme("person", SecurityScheme::Http(person))
                .schema(PROBLEM, problem())
                .build(),
        ))
        .build()
}

/// Who may call, as the table of routes says.
fn security(needs: Option<Needs>) -> Option<Vec<SecurityRequirement>> {
    let scopes = match needs? {
        Needs::Nothing => return None,
        Needs::AnyCredential => vec![],
        Needs::Of(scope) => vec![scope.as_str()],
        Needs::Person => return Some(vec![SecurityRequirement::new("person", [""; 0])]),
    };
    Some(vec![SecurityRequirement::new("api_key", scopes)])
}

/// Every reply that is none of success is a problem, whether the function names it or not.
fn add_problems(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            response.content.extend(described("").content);
        }
    }
    if operation.security.is_some() {
        let refused = "The credential is missing or not valid";
        responses.entry("401".to_owned()).or_insert_with(|| described(refused).into());
    }
    responses.entry("default".to_owned()).or_insert_with(|| described("A problem").into());
}

fn described(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name(PROBLEM)));
    ResponseBuilder::new().description(description).content(PROBLEM_TYPE, content).build()
}

/// What [`app::Problem`] becomes on the wire.
fn problem() -> Schema {
    let text = |description: &str| {
        ObjectBuilder::new().schema_type(Type::String).description(Some(description))
    };
    let codes = ProblemCode::ALL.iter().map(|code| code.as_str());
    let status = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)));
    ObjectBuilder::new()
        .description(Some("Why a request was not served (RFC 9457)"))
        .property("type", text("`urn:takings:problem:` and the code"))
        .property("title", text("One line for people"))
        .property("status", status.description(Some("The HTTP status")))
        .property("code", text("Stable: for machines").enum_values(Some(codes)))
        .property("detail", text("The fault and the remedy"))
        .property("field", text("The field at fault"))
        .required("type")
        .required("title")
        .required("status")
        .required("code")
        .required("detail")
        .into()
}
