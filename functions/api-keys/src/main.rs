//! `api-keys` on Lambda.

fn main() -> aws::Exit {
    aws::run(api_keys::function())
}
