//! `sweeper` on Lambda.

fn main() -> aws::Exit {
    aws::run(sweeper::function())
}
