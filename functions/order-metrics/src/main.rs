//! `order-metrics` on Lambda.

fn main() -> aws::Exit {
    aws::run(order_metrics::function())
}
