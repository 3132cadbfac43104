//! `mail-sender` on Lambda.

fn main() -> aws::Exit {
    aws::run(mail_sender::function())
}
