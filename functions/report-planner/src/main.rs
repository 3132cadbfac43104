//! `report-planner` on Lambda.

fn main() -> aws::Exit {
    aws::run(report_planner::function())
}
