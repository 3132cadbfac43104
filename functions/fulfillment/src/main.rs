//! `fulfillment` on Lambda.

fn main() -> aws::Exit {
    aws::run(fulfillment::function())
}
