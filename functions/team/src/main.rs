//! `team` on Lambda.

fn main() -> aws::Exit {
    aws::run(team::function())
}
