//! `imports` on Lambda.

fn main() -> aws::Exit {
    aws::run(imports::function())
}
