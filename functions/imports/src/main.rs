//! `imports` on Lambda.

fn main() -> aws::Exit {
    aws::run_with_objects(imports::function())
}
