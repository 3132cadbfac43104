//! `discounts` on Lambda.

fn main() -> aws::Exit {
    aws::run(discounts::function())
}
