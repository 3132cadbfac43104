//! The API document of all functions together.

use app::{Function, Trigger};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};

/// Where the document is kept in the repository.
pub const FILE: &str = "infra/openapi.json";

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
    Ok(serde_json::to_string_pretty(&whole)? + "\n")
}

fn frame() -> OpenApi {
    let bearer = |description: &str| {
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .description(Some(description))
                .build(),
        )
    };
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Takings")
                .version("1")
                .description(Some("A business measured: points in, figures out.")),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("api_key", bearer("An API key, `tk_live_…`"))
                .security_scheme("token", bearer("An access token of `POST /v1/tokens`"))
                .build(),
        ))
        .build()
}
