//! `carrier-settle` on Lambda.

fn main() -> aws::Exit {
    aws::run(carrier_settle::function())
}
