//! `migrate` on Lambda.

fn main() -> aws::Exit {
    aws::run(migrate::function())
}
