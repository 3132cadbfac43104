use app::caller::Caller;
use app::contact::ContactDocument;
use app::extract::Path;
use app::unsubscribe::Keys;
use app::{App, Problem, ProblemCode, order_link, orders, template};
use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse};
use domain::id::OrderId;
use domain::order::{Order, OrderStatus};
use domain::report::Measure;
use domain::tenant::Tenant;
use http::{HeaderName, header};
use jiff::Timestamp;
use store::{access, orders as kept};
use uuid::Uuid;

use crate::wire::InvoiceOut;

const HTML: &str = include_str!("pages.html");
/// Pages with personal data are kept nowhere, and load nothing.
const HEADERS: [(HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Issue the invoice of an order
///
/// It has one, with a number of its own, and keeps it.
#[utoipa::path(
    post, path = "/v1/orders/{order}/invoice", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "It is issued", body = InvoiceOut),
        (status = 404, description = "No such order"),
        (status = 409, description = "The order is not placed"),
    )
)]
pub(crate) async fn issue_invoice(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<InvoiceOut>, Problem> {
    let (tenant, id) = (caller.tenant.number, OrderId(id));
    let order = kept::load(&app.db, tenant, id).await?.ok_or_else(orders::missing)?;
    if !order.is_placed() {
        let told = "the order is not placed yet: it waits for its payment";
        return Err(Problem::new(ProblemCode::Conflict, told));
    }
    let (number, issued_at) = kept::invoice(&app.db, tenant, id, app.clock.now()).await?;
    Ok(Json(InvoiceOut { number, issued_at, url: format!("/v1/orders/{id}/invoice") }))
}

/// Read the invoice of an order
///
/// A page that prints well.
#[utoipa::path(
    get, path = "/v1/orders/{order}/invoice", tag = "orders",
    params(("order" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "The invoice", content_type = "text/html"),
        (status = 404, description = "No such order, or no invoice was issued"),
    )
)]
pub(crate) async fn get_invoice(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<impl IntoResponse, Problem> {
    let (tenant, id) = (&caller.tenant, OrderId(id));
    let order = kept::load(&app.db, tenant.number, id).await?.ok_or_else(orders::missing)?;
    let invoice = kept::invoice_of(&app.db, tenant.number, id).await?;
    let (number, issued_at) = invoice
        .ok_or_else(|| Problem::not_found("invoice of that order; issue it by POST first"))?;
    let contact = kept::contact(&app.db, tenant.number, order.terms.contact).await?;
    let contact = contact.map(ContactDocument::from);
    let page = Page { tenant, order: &order, contact: contact.as_ref() };
    Ok((HEADERS, Html(page.invoice(number, issued_at))))
}

/// See an order
///
/// For its customer, by the link of a letter. No credential; the token alone.
#[utoipa::path(
    get, path = "/v1/order-status/{token}", tag = "orders",
    params(("token" = String, Path, description = "From a letter")),
    responses(
        (status = 200, description = "The order", content_type = "text/html"),
        (status = 404, description = "Not a link of ours"),
    )
)]
pub(crate) async fn get_status(
    State(app): State<App>,
    Path(token): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let keys = Keys::parse(&app.config.unsubscribe_keys).map_err(Problem::internal)?;
    let unknown = || Problem::not_found("such link; copy it whole from the letter");
    let (number, id) = order_link::open(&keys, &token).ok_or_else(unknown)?;
    let tenant = access::tenant_by_number(&app.db, number).await?.ok_or_else(unknown)?;
    let order = kept::load(&app.db, number, id).await?.ok_or_else(unknown)?;
    let page = Page { tenant: &tenant, order: &order, contact: None };
    Ok((HEADERS, Html(page.status())))
}

struct Page<'a> {
    tenant: &'a Tenant,
    order: &'a Order,
    contact: Option<&'a ContactDocument>,
}

impl Page<'_> {
    fn invoice(&self, number: i64, issued_at: Timestamp) -> String {
        let title = format!("Invoice {number}");
        let date = self.tenant.calendar.zone.wall(issued_at).strftime("%-d %B %Y").to_string();
        let about = match self.order.number {
            Some(order) => format!("{date} · Order {order}"),
            None => date,
        };
        let to = self.contact.map(ContactDocument::billed_to).unwrap_or_default();
        self.page(&title, &about, &to, &self.rows())
    }

    fn status(&self) -> String {
        let title = match self.order.number {
            Some(number) => format!("Order {number}"),
            None => "Your order".to_owned(),
        };
        let told = match self.order.status() {
            OrderStatus::Open => "It waits for its payment.",
            OrderStatus::Confirmed | OrderStatus::Review => "We are working on it.",
            OrderStatus::Completed => "Everything has arrived.",
            OrderStatus::Cancelled => "It was cancelled.",
            OrderStatus::Expired => "It was not paid in time.",
        };
        let carried = self.order.fulfillments.iter().filter_map(|parcel| {
            let (carrier, number) = parcel.tracking.as_ref()?;
            Some(format!("Parcel with {carrier}, number {number}"))
        });
        self.page(&title, told, &carried.collect::<Vec<_>>(), &self.rows())
    }

    fn rows(&self) -> String {
        let terms = &self.order.terms;
        let row = |name: &str, net: String, amount: String| {
            template::part(HTML, "row", &[("name", name), ("net", &net), ("amount", &amount)])
        };
        let line = |line: &domain::order::Line| {
            let name = format!("{} × {}", line.quantity, line.title);
            row(&name, self.money(line.net_minor), self.money(line.gross_minor()))
        };
        let mut rows: String = terms.bought().map(line).collect();
        if let Some(delivery) = &terms.delivery {
            let gross = delivery.net_minor.saturating_add(delivery.tax_minor);
            rows += &row(&delivery.name, self.money(delivery.net_minor), self.money(gross));
        }
        let totals = &terms.totals;
        rows += &row("Tax", String::new(), self.money(totals.tax_minor));
        rows += &row("Total", self.money(totals.net_minor), self.money(totals.total_minor));
        let back: i64 = self.order.refunding_minor();
        if back > 0 {
            rows += &row("Refunded", String::new(), self.money(-back));
        }
        rows
    }

    fn page(&self, title: &str, about: &str, lines: &[String], rows: &str) -> String {
        let line = |line: &String| template::part(HTML, "line", &[("line", line)]);
        let lines: String = lines.iter().map(line).collect();
        let values = [
            ("title", title),
            ("shop", self.tenant.name.as_str()),
            ("about", about),
            ("lines", &lines),
            ("rows", rows),
        ];
        template::part(HTML, "page", &values)
    }

    fn money(&self, amount_minor: i64) -> String {
        // Amounts of an order are far below 2^53.
        Measure::Money(self.order.terms.currency).exact(amount_minor as f64)
    }
}
