//! `checkout` on Lambda.

fn main() -> aws::Exit {
    aws::run(checkout::function())
}
