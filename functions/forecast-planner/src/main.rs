//! `forecast-planner` on Lambda.

fn main() -> aws::Exit {
    aws::run(forecast_planner::function())
}
