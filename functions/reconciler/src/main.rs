//! `reconciler` on Lambda.

fn main() -> aws::Exit {
    aws::run(reconciler::function())
}
