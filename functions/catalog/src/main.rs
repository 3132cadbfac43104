//! `catalog` on Lambda.

fn main() -> aws::Exit {
    aws::run(catalog::function())
}
