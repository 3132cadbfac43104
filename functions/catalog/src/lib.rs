//! Products, their variants and prices; and how the shop sells them.
//!
//! - Trigger: HTTP `/v1/products`, `/v1/shop`, `/v1/tax-zones`, `/v1/shipping-options`.
//! - Reads: products, settings.
//! - Writes: products, zones and ways to send, each whole.
//! - Emits: nothing.
//! - On failure: each is written in one transaction; it stands or it does not.

use app::caller::Caller;
use app::extract::{Body, Parameters, Path, header_text};
use app::{App, Function, Problem, ProblemCode, Role, Trigger, Uses};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::access::Scope;
use domain::catalog::{self, Product};
use domain::id::ProductId;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use store::catalog as products;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::wire::{ProductIn, ProductOut, ProductsOut};

mod settings;
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "catalog",
        trigger: Trigger::Http(
            OpenApiRouter::new()
                .routes(routes!(list_products))
                .routes(routes!(get_product, put_product, delete_product))
                .routes(routes!(settings::get_shop, settings::put_shop))
                .routes(routes!(settings::list_tax_zones))
                .routes(routes!(settings::put_tax_zone, settings::delete_tax_zone))
                .routes(routes!(settings::list_shipping))
                .routes(routes!(settings::put_shipping, settings::delete_shipping)),
        ),
        uses: Uses { postgres: Some(Role::App), key_value: true, ..Uses::default() },
    }
}

const PAGE: i64 = 50;
const PAGE_MAX: i64 = 250;
/// What everybody may see is kept by browsers for a minute.
const PUBLIC: &str = "public, max-age=60";

/// Which page of products.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// The last slug of the page before.
    #[serde(default)]
    after: String,
    /// Only products of this category.
    category: Option<String>,
    /// Products of a page, 1 to 250; 50 unless given.
    limit: Option<i64>,
}

/// List products
///
/// By slug: those that are published, and with `catalog:write` all of them.
#[utoipa::path(
    get, path = "/v1/products", tag = "catalog",
    security(("api_key" = ["catalog:read"])),
    params(Page),
    responses((status = 200, description = "Products by slug", body = ProductsOut))
)]
async fn list_products(
    State(app): State<App>,
    caller: Caller,
    Parameters(page): Parameters<Page>,
) -> Result<Json<ProductsOut>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX);
    let wanted = products::Wanted {
        after: &page.after,
        state: (!sees_all(&caller)?).then_some(catalog::State::Published),
        category: page.category.as_deref(),
        limit,
    };
    let mut found = products::list(&app.db, caller.tenant.number, &wanted).await?;
    if wanted.state.is_some() {
        let now = app.clock.now();
        found.iter_mut().for_each(|product| product.show_prices_of(now));
    }
    let next = app::page::next(&found, limit, |product| product.slug.clone());
    Ok(Json(ProductsOut { products: found.into_iter().map(ProductOut::from).collect(), next }))
}

/// Read a product
///
/// By its id or its slug. A product that is not published is there for `catalog:write` only.
#[utoipa::path(
    get, path = "/v1/products/{id}", tag = "catalog",
    security(("api_key" = ["catalog:read"])),
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
    let sees_all = sees_all(&caller)?;
    let found = products::find(&app.db, caller.tenant.number, id.parse().ok(), &id).await?;
    let seen = |product: &Product| sees_all || product.state == catalog::State::Published;
    let found = found.filter(seen);
    let mut product = found.ok_or_else(|| Problem::not_found(format!("product {id}")))?;
    let mut tag = tag(product.version);
    if !sees_all {
        let now = app.clock.now();
        if let Some(since) = product.prices_since(now) {
            tag = format!("\"{}-{}\"", product.version, since.as_second());
        }
        product.show_prices_of(now);
    }
    let is_known = header_text(&headers, header::IF_NONE_MATCH) == Some(&tag);
    let cache = [
        (header::ETAG, tag),
        (header::CACHE_CONTROL, if sees_all { "no-cache" } else { PUBLIC }.to_owned()),
        (header::VARY, header::AUTHORIZATION.to_string()),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, cache).into_response());
    }
    Ok((cache, Json(ProductOut::from(product))).into_response())
}

/// Write a product
///
/// The whole of it: variants and prices that are left out are gone. The id is yours to choose, a
/// UUID; the same call twice is the same product. `If-Match` with the version that you read keeps
/// two people from undoing each other's work.
#[utoipa::path(
    put, path = "/v1/products/{id}", tag = "catalog",
    security(("api_key" = ["catalog:write"])),
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
    caller.require(Scope::CatalogWrite)?;
    let expected = header_text(&headers, header::IF_MATCH).map(version).transpose()?;
    let product = wanted.named(ProductId(id));
    product.check().map_err(|unsound| Problem::invalid(&unsound.field, unsound.to_string()))?;
    let tenant = caller.tenant.number;
    let product = products::put(&app.db, tenant, &product, expected).await.map_err(refused)?;
    let cache = [(header::ETAG, tag(product.version))];
    Ok((cache, Json(ProductOut::from(product))).into_response())
}

/// Take a product from sale
///
/// It is archived: orders go on knowing it.
#[utoipa::path(
    delete, path = "/v1/products/{id}", tag = "catalog",
    security(("api_key" = ["catalog:write"])),
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
    caller.require(Scope::CatalogWrite)?;
    match products::archive(&app.db, caller.tenant.number, ProductId(id)).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("product of that id")),
    }
}

/// A browser holds a key that reads: what is not published is for those who write.
fn sees_all(caller: &Caller) -> Result<bool, Problem> {
    caller.require(Scope::CatalogRead)?;
    Ok(caller.scopes.contains(&Scope::CatalogWrite))
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
