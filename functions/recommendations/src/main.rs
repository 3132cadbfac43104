//! `recommendations` on Lambda.

fn main() -> aws::Exit {
    aws::run(recommendations::function())
}
