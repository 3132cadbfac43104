//! `cart` on Lambda.

fn main() -> aws::Exit {
    aws::run(cart::function())
}
