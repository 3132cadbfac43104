use app::caller::Caller;
use app::extract::{Parameters, Raw};
use app::{App, Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::catalog::sheet::{self, NotASheet, Sheet};
use domain::id::ProductId;
use http::header;
use serde::Deserialize;
use store::catalog::sheet as products;
use utoipa::IntoParams;
use uuid::Uuid;

use self::wire::SheetOut;
use self::work::Work;

/// What is answered.
mod wire;
/// Product by product.
mod work;

/// Products that are read at once.
const READ: i64 = 100;
/// An answer that is longer already takes no more products: a host sends six megabytes at most.
const BYTES: usize = 3 << 20;

/// Which products.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SheetPage {
    /// The last product of the page before.
    after: Option<Uuid>,
}

/// What to do with a sheet.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SheetUse {
    /// Only look at it.
    #[serde(default)]
    dry_run: bool,
}

/// Products as CSV
///
/// All products, archived ones too. A row for each variant; what is of the product stands in the
/// first of its rows. Lists have `|` between two values, prices are written `49.90 EUR`, or with
/// their time `39.90 EUR 2026-11-27T00:00:00Z/2026-11-30T00:00:00Z`. A page has whole products in
/// at most 1,000 rows, so that it can be sent back as it is; `Link` leads to the next.
#[utoipa::path(
    get, path = "/v1/products.csv", tag = "catalog",
    params(SheetPage),
    responses((status = 200, description = "Rows", body = String, content_type = "text/csv",
        headers(("Link" = String, description = "The next page, if there is one"))))
)]
pub(crate) async fn get_sheet(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<SheetPage>,
) -> Result<Response, Problem> {
    let (mut text, mut rows) = (sheet::heading(), 0);
    let mut last = ProductId(page.after.unwrap_or_default());
    let tenant = caller.tenant.number;
    let has_more = 'pages: loop {
        let found = products::page(&app.db, tenant, last, READ).await?;
        if found.is_empty() {
            break false;
        }
        for product in found {
            rows += product.variants.len();
            if rows > sheet::ROWS || text.len() > BYTES {
                break 'pages true;
            }
            text += &sheet::lines(&product);
            last = product.id;
        }
    };
    let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present")];
    let next = format!("</v1/products.csv?after={last}>; rel=\"next\"");
    let link = has_more.then_some([(header::LINK, next)]);
    Ok((kind, link, text).into_response())
}

/// Write products from CSV
///
/// The columns of `GET /v1/products.csv` in any order, `slug` and `sku` at least. A column that is
/// left out stays as it is, and so do variants without a row: a sheet takes nothing away. Products
/// are known by their id or else their slug, variants by their id or else their SKU; what is not
/// known is made. Every product is written with all of its rows or not at all; faults are told by
/// line. The same sheet twice is written once, so one that was cut off is sent again.
#[utoipa::path(
    post, path = "/v1/products.csv", tag = "catalog",
    params(SheetUse),
    request_body(content = String, content_type = "text/csv",
        description = "At most 1,000 rows in 6 MB", example = "slug,sku,title\nmug,MUG-1,Mug\n"),
    responses(
        (status = 200, description = "What became of it", body = SheetOut),
        (status = 413, description = "It has too many rows"),
        (status = 422, description = "It is no such sheet"),
    )
)]
pub(crate) async fn post_sheet(
    State(app): State<App>,
    caller: Caller,
    Parameters(wanted): Parameters<SheetUse>,
    Raw(body): Raw,
) -> Result<Json<SheetOut>, Problem> {
    if body.contains(&0) {
        return Err(Problem::invalid("body", "it holds the character U+0000; leave that out"));
    }
    let sheet = Sheet::read(&body).map_err(no_sheet)?;
    let mut work = Work::new(&app, caller.tenant.number, wanted.dry_run);
    let mut out = work.write(&sheet).await?;
    out.told(&sheet, wanted.dry_run);
    Ok(Json(out))
}

fn no_sheet(fault: NotASheet) -> Problem {
    match &fault {
        NotASheet::TooManyRows => Problem::new(ProblemCode::TooLarge, fault.to_string()),
        NotASheet::Column(name) => Problem::invalid(name, fault.to_string()),
        NotASheet::NoHeader => Problem::invalid("body", fault.to_string()),
    }
}
