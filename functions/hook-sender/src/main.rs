//! `hook-sender` on Lambda.

fn main() -> aws::Exit {
    aws::run(hook_sender::function())
}
