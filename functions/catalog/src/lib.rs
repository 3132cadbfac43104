//! Products, their types, variants and prices; and how the shop sells them.
//!
//! - Trigger: HTTP `/v1/products`, `/v1/product-types`, `/v1/shop`, `/v1/tax-zones`,
//!   `/v1/shipping-options`.
//! - Reads: products, types, settings.
//! - Writes: products, types, zones and ways to send, each whole.
//! - Emits: nothing.
//! - On failure: each is written in one transaction; it stands or it does not. A file of products
//!   may be sent again.

use app::caller::Caller;
use app::extract::{Body, Path, header_text};
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::catalog::{self, Product, Unsound};
use domain::id::ProductId;
use http::{HeaderMap, StatusCode, header};
use store::catalog as products;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::answer::{Reader, answer};
use crate::wire::{ProductIn, ProductOut};

mod answer;
mod listing;
mod settings;
mod sheet;
mod types;
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "catalog",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(listing::list_products))
                .routes(routes!(get_product, put_product, delete_product))
                .routes(routes!(sheet::get_sheet, sheet::post_sheet))
                .routes(routes!(types::list_types))
                .routes(routes!(types::get_type, types::put_type, types::delete_type))
                .routes(routes!(settings::get_shop, settings::put_shop))
                .routes(routes!(settings::list_tax_zones))
                .routes(routes!(settings::put_tax_zone, settings::delete_tax_zone))
                .routes(routes!(settings::list_shipping))
                .routes(routes!(settings::put_shipping, settings::delete_shipping)),
        ),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

/// Read a product
///
/// By its id or its slug. A product that is not published is there for `catalog:write` only.
#[utoipa::path(
    get, path = "/v1/products/{id}", tag = "catalog",
    params(("id" = String, Path, description = "The product's id or slug")),
    responses(
        (status = 200, description = "The product", body = ProductOut),
        (status = 304, description = "It is the one that the caller has"),
        (status = 404, description = "No such product"),
    )
)]
async fn get_product(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let reader = reader(&caller);
    let found = products::find(&app.db, caller.tenant.number, id.parse().ok(), &id).await?;
    let seen =
        |product: &Product| reader == Reader::Keeper || product.state == catalog::State::Published;
    let product = found.filter(seen).ok_or_else(|| Problem::not_found(format!("product {id}")))?;
    // Prices of the moment change without a version.
    let tag = (reader == Reader::Keeper).then(|| tag(product.version));
    let product = reader.sees(product, app.clock.now());
    answer(&headers, reader, tag, &ProductOut::from(product))
}

/// Write a product
///
/// The whole of it: variants and prices that are left out are gone. The id is yours to choose, a
/// UUID; the same call twice is the same product. `If-Match` with the version that you read keeps
/// two people from undoing each other's work.
#[utoipa::path(
    put, path = "/v1/products/{id}", tag = "catalog",
    params(("id" = Uuid, Path, description = "The product")),
    request_body = ProductIn,
    responses(
        (status = 200, description = "It stands", body = ProductOut),
        (status = 409, description = "It was changed meanwhile, or its slug or a SKU is taken"),
        (status = 422, description = "A field is not valid"),
    )
)]
async fn put_product(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Body(wanted): Body<ProductIn>,
) -> Result<Response, Problem> {
    let expected = header_text(&headers, header::IF_MATCH).map(version).transpose()?;
    let product = wanted.named(ProductId(id));
    product.check().map_err(unsound)?;
    let tenant = caller.tenant.number;
    let of = types::of(&app.db, tenant, &product).await?;
    let product = products::put(&app.db, tenant, &product, expected, of).await.map_err(refused)?;
    let cache = [(header::ETAG, tag(product.version))];
    Ok((cache, Json(ProductOut::from(product))).into_response())
}

/// Take a product from sale
///
/// It is archived: orders go on knowing it.
#[utoipa::path(
    delete, path = "/v1/products/{id}", tag = "catalog",
    params(("id" = Uuid, Path, description = "The product")),
    responses(
        (status = 204, description = "Archived"),
        (status = 404, description = "No such product"),
    )
)]
async fn delete_product(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    match products::archive(&app.db, caller.tenant.number, ProductId(id)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("product of that id")),
    }
}

/// A browser holds a key that reads: what is not published is for those who write.
fn reader(caller: &Caller) -> Reader {
    let keeps = caller.scopes.contains(&Scope::CatalogWrite);
    if keeps { Reader::Keeper } else { Reader::Visitor }
}

fn tag(version: i32) -> String {
    format!("\"{version}\"")
}

fn version(tag: &str) -> Result<i32, Problem> {
    let number = tag.trim_start_matches("W/").trim_matches('"').parse();
    number.map_err(|_no_number| {
        Problem::invalid("If-Match", "send the ETag that you were given, such as \"3\"")
    })
}

fn unsound(unsound: Unsound) -> Problem {
    Problem::invalid(unsound.field, unsound.fault)
}

fn refused(error: store::Error) -> Problem {
    let conflict = |detail| Problem::new(ProblemCode::Conflict, detail);
    match error.constraint() {
        Some("product_slug") => conflict("another product has this slug").at("slug"),
        Some("variant_sku") => conflict("a variant of another product has this SKU").at("variants"),
        Some("stock_tenant_variant_fkey") => {
            conflict("a variant that you left out has stock; keep it, or archive the product")
                .at("variants")
        }
        _ if error.refusal() == Some("a variant is of another product") => {
            conflict("a variant has the id of one of another product; give it its own")
                .at("variants")
        }
        _ => Problem::from(error),
    }
}
