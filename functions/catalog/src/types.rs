use app::caller::Caller;
use app::extract::{Body, Path};
use app::{App, Problem, ProblemCode};
use axum::Json;
use axum::extract::State;
use domain::catalog::{Product, ProductType};
use domain::id::TenantNumber;
use http::StatusCode;
use store::Db;
use store::catalog::types::{self, Misfits};

use crate::unsound;
use crate::wire::{ProductTypeDocument, ProductTypesOut};

/// List product types
#[utoipa::path(
    get, path = "/v1/product-types", tag = "catalog",
    responses((status = 200, description = "All of them", body = ProductTypesOut))
)]
pub(crate) async fn list_types(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<ProductTypesOut>, Problem> {
    let found = types::list(&app.db, caller.tenant.number).await?;
    let product_types = found.into_iter().map(|it| (it.name.clone(), it.into())).collect();
    Ok(Json(ProductTypesOut { product_types }))
}

/// Read a product type
#[utoipa::path(
    get, path = "/v1/product-types/{name}", tag = "catalog",
    params(("name" = String, Path, description = "What you call it")),
    responses(
        (status = 200, description = "What its attributes must be", body = ProductTypeDocument),
        (status = 404, description = "No such type"),
    )
)]
pub(crate) async fn get_type(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<ProductTypeDocument>, Problem> {
    let found = types::find(&app.db, caller.tenant.number, std::slice::from_ref(&name)).await?;
    let found = found.into_iter().next().ok_or_else(|| missing(&name))?;
    Ok(Json(found.into()))
}

/// Write a product type
///
/// What is left out of the schema is not checked, and what is not understood is refused. Products
/// of the type that are there must fit, unless they are archived.
#[utoipa::path(
    put, path = "/v1/product-types/{name}", tag = "catalog",
    params(("name" = String, Path, description = "What you call it: 1 to 100 of a-z, 0-9 and -")),
    request_body = ProductTypeDocument,
    responses(
        (status = 200, description = "It stands", body = ProductTypeDocument),
        (status = 409, description = "Products of it do not fit, or there are 250 types already"),
        (status = 422, description = "The schema is not valid"),
    )
)]
pub(crate) async fn put_type(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(wanted): Body<ProductTypeDocument>,
) -> Result<Json<ProductTypeDocument>, Problem> {
    let wanted = ProductType::parse(name, wanted.schema).map_err(unsound)?;
    let put = types::put(&app.db, caller.tenant.number, &wanted).await.map_err(full)?;
    put.map_err(|misfits| in_the_way("products of the type do not fit", &misfits))?;
    Ok(Json(wanted.into()))
}

/// Take a product type away
///
/// Archived products of it are of no type then.
#[utoipa::path(
    delete, path = "/v1/product-types/{name}", tag = "catalog",
    params(("name" = String, Path, description = "What you call it")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such type"),
        (status = 409, description = "Products are of it"),
    )
)]
pub(crate) async fn delete_type(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    match types::delete(&app.db, caller.tenant.number, &name).await? {
        None => Err(missing(&name)),
        Some(Ok(())) => Ok(StatusCode::NO_CONTENT),
        Some(Err(misfits)) => Err(in_the_way("products are of the type", &misfits)),
    }
}

/// Checks a product by its type. The version of that.
pub(crate) async fn of(
    db: &Db,
    tenant: TenantNumber,
    product: &Product,
) -> Result<Option<i32>, Problem> {
    let Some(name) = &product.product_type else { return Ok(None) };
    let found = types::find(db, tenant, std::slice::from_ref(name)).await?;
    let Some(found) = found.first() else { return Err(unknown(name)) };
    found.schema.check(&product.attributes).map_err(unsound)?;
    Ok(Some(found.version))
}

fn unknown(name: &str) -> Problem {
    let detail = format!(
        "there is no product type `{name}`; write it with PUT /v1/product-types/{name}, or leave \
         `type` out"
    );
    Problem::invalid("type", detail)
}

fn missing(name: &str) -> Problem {
    Problem::not_found(format!("product type {name}"))
}

fn in_the_way(what: &str, misfits: &Misfits) -> Problem {
    let each = |(slug, unsound): &(String, _)| format!("{slug} ({unsound})");
    let first: Vec<String> = misfits.first.iter().map(each).collect();
    let more = misfits.count.saturating_sub(first.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (count, first) = (misfits.count, first.join(", "));
    let detail = format!("{count} {what}: {first}{more}; change or archive them first");
    Problem::new(ProblemCode::Conflict, detail).at("schema")
}

fn full(error: store::Error) -> Problem {
    if error.refusal() == Some("the shop has too many types") {
        let detail = format!("a shop has at most {} product types", types::MOST);
        return Problem::new(ProblemCode::Conflict, detail).caused_by(error);
    }
    error.into()
}
