//! `reports` on Lambda.

fn main() -> aws::Exit {
    aws::run(reports::function())
}
