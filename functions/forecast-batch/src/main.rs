//! `forecast-batch` on Lambda.

fn main() -> aws::Exit {
    aws::run(forecast_batch::function())
}
