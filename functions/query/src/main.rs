//! `query` on Lambda.

fn main() -> aws::Exit {
    aws::run(query::function())
}
