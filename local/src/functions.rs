//! The system on one screen.

use app::Function;

/// Every function.
#[must_use]
pub fn all() -> Vec<Function> {
    vec![
        account::function(),
        api_keys::function(),
        carrier_settle::function(),
        carrier_webhook::function(),
        cart::function(),
        catalog::function(),
        checkout::function(),
        discounts::function(),
        forecast::function(),
        forecast_batch::function(),
        forecast_planner::function(),
        fulfillment::function(),
        gift_cards::function(),
        hook_sender::function(),
        hooks::function(),
        import_run::function(),
        imports::function(),
        ingest::function(),
        ingest_drain::function(),
        inventory::function(),
        keeper::function(),
        mail_sender::function(),
        metrics::function(),
        migrate::function(),
        order_metrics::function(),
        orders::function(),
        payment_settle::function(),
        payment_webhook::function(),
        query::function(),
        reconciler::function(),
        recommendation_batch::function(),
        recommendations::function(),
        report_planner::function(),
        report_sender::function(),
        reports::function(),
        sweeper::function(),
        team::function(),
    ]
}
