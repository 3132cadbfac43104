//! `hooks` on Lambda.

fn main() -> aws::Exit {
    aws::run(hooks::function())
}
