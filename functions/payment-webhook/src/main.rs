//! `payment-webhook` on Lambda.

fn main() -> aws::Exit {
    aws::run(payment_webhook::function())
}
