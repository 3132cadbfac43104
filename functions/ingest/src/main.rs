//! `ingest` on Lambda.

fn main() -> aws::Exit {
    aws::run(ingest::function())
}
