//! `recommendation-batch` on Lambda.

fn main() -> aws::Exit {
    aws::run(recommendation_batch::function())
}
