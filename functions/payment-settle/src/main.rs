//! `payment-settle` on Lambda.

fn main() -> aws::Exit {
    aws::run(payment_settle::function())
}
