//! `account` on Lambda.

fn main() -> aws::Exit {
    aws::run(account::function())
}
