//! `carrier-webhook` on Lambda.

fn main() -> aws::Exit {
    aws::run(carrier_webhook::function())
}
