//! `metrics` on Lambda.

fn main() -> aws::Exit {
    aws::run(metrics::function())
}
