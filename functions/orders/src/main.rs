//! `orders` on Lambda.

fn main() -> aws::Exit {
    aws::run(orders::function())
}
