//! `gift-cards` on Lambda.

fn main() -> aws::Exit {
    aws::run(gift_cards::function())
}
