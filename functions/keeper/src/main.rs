//! `keeper` on Lambda.

fn main() -> aws::Exit {
    aws::run(keeper::function())
}
