use app::unsubscribe::{Keys, Link};
use app::{App, Problem};
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse};
use domain::report::Address;
use http::{HeaderName, header};
use store::reports::endings::{self, Subscription};

const PAGE: &str = include_str!("page.html");
const BUTTON: &str = "<form method=\"post\">\
    <input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
    <button>Unsubscribe</button></form>";

/// Nothing is loaded, framed, indexed or kept, and no address leaks to where a link leads.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// Show the page on which a recipient ends a report
///
/// Opening it changes nothing: programs that scan mail open every link.
#[utoipa::path(
    get, path = "/v1/unsubscribe/{token}", operation_id = "ask_to_unsubscribe", tag = "reports",
    params(("token" = String, Path, description = "From a letter")),
    responses(
        (status = 200, description = "A page with a button", content_type = "text/html"),
        (status = 404, description = "Not a link of ours"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let (_link, found) = open(&app, &token).await?;
    let (title, told, action) = match found {
        Some((it, _recipient)) => (
            "Unsubscribe?",
            format!(
                "You will get no more letters of the report “{}” from {}.",
                escape(&it.report),
                escape(&it.tenant)
            ),
            BUTTON,
        ),
        None => ("Nothing to do", "This report is no longer sent.".to_owned(), ""),
    };
    Ok((HEADERS, Html(page(title, &told, action))))
}

/// End a report for its recipient
///
/// One click, as RFC 8058 has it: no credential, no cookie; the token alone. It takes effect at
/// once, and again changes nothing.
#[utoipa::path(
    post, path = "/v1/unsubscribe/{token}", operation_id = "unsubscribe", tag = "reports",
    params(("token" = String, Path, description = "From a letter")),
    responses(
        (status = 200, description = "Ended", content_type = "text/html"),
        (status = 404, description = "Not a link of ours"),
    )
)]
pub(crate) async fn end(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let (link, found) = open(&app, &token).await?;
    let told = match &found {
        Some((it, recipient)) => {
            let now = app.clock.now();
            endings::end(&app.db, link.tenant, link.report, recipient, now).await?;
            let (report, tenant) = (escape(&it.report), escape(&it.tenant));
            format!("You get no more letters of the report “{report}” from {tenant}.")
        }
        None => "This report is no longer sent.".to_owned(),
    };
    Ok((HEADERS, Html(page("Done", &told, ""))))
}

/// What a token says, and whom it was written for, while the report is there.
async fn open(app: &App, token: &str) -> Result<(Link, Option<(Subscription, Address)>), Problem> {
    let keys = Keys::parse(&app.config.unsubscribe_keys).map_err(Problem::internal)?;
    let link = keys
        .open(token)
        .ok_or_else(|| Problem::not_found("such link; copy it whole from the letter"))?;
    tracing::Span::current().record("tenant", link.tenant.0);
    let found = endings::find(&app.db, link.tenant, link.report).await?;
    let found = found.and_then(|subscription| {
        let mut recipients = subscription.recipients.iter();
        let recipient = recipients.find(|address| keys.is_for(&link, address))?.clone();
        Some((subscription, recipient))
    });
    Ok((link, found))
}

fn page(title: &str, told: &str, action: &str) -> String {
    PAGE.replace("{{title}}", title).replace("{{told}}", told).replace("{{action}}", action)
}

/// Text of a person inside HTML; braces too, so that it is no place of the template.
fn escape(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '&' | '<' | '>' | '"' | '\'' | '{' | '}' => format!("&#{};", u32::from(letter)),
            other => other.to_string(),
        })
        .collect()
}
