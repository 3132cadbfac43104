//! What customers bought: read, cancelled, paid back, taken back, exchanged.
//!
//! - Trigger: HTTP `/v1/orders`, `/v1/order-status`, `/v1/payment-findings`.
//! - Reads: orders with their history, contacts, invoices, findings; variants and stock.
//! - Writes: events of orders with all that follows from them, numbers of invoices, contacts.
//! - Emits: calls to the payment provider; nudges to those who follow orders.
//! - On failure: nothing was written, or all of it; what is to be asked of the provider is asked by
//!   the sweeper then. The same `Idempotency-Key` again is the same refund, the same return.

use app::{App, Function, Role, Trigger, Uses, relay};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What is done to orders.
mod acts;
/// Invoices, and what customers see, as pages.
mod pages;
/// Lists, orders, histories.
mod reads;
/// Goods on their way back.
mod returns;
/// What is sent, and what is answered.
mod wire;

/// The function.
#[must_use]
pub fn function() -> Function {
    Function {
        name: "orders",
        trigger: Trigger::Http(routes()),
        uses: Uses {
            postgres: Some(Role::App),
            sends: relay::WITH_ORDERS,
            key_value: true,
            gateway: true,
            ..Uses::default()
        },
    }
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(reads::list_orders))
        .routes(routes!(reads::get_order))
        .routes(routes!(reads::get_history))
        .routes(routes!(reads::list_findings))
        .routes(routes!(acts::cancel))
        .routes(routes!(acts::reduce))
        .routes(routes!(acts::capture))
        .routes(routes!(acts::void))
        .routes(routes!(acts::refund))
        .routes(routes!(acts::review))
        .routes(routes!(acts::note))
        .routes(routes!(acts::change_contact, acts::erase_contact))
        .routes(routes!(returns::request))
        .routes(routes!(returns::answer))
        .routes(routes!(returns::receive))
        .routes(routes!(returns::exchange))
        .routes(routes!(pages::issue_invoice, pages::get_invoice))
        .routes(routes!(pages::get_status))
}
