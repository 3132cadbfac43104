//! `inventory` on Lambda.

fn main() -> aws::Exit {
    aws::run(inventory::function())
}
