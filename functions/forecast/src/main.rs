//! `forecast` on Lambda.

fn main() -> aws::Exit {
    aws::run(forecast::function())
}
