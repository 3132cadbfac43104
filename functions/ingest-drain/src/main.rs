//! `ingest-drain` on Lambda.

fn main() -> aws::Exit {
    aws::run(ingest_drain::function())
}
