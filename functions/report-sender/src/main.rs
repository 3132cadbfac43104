//! `report-sender` on Lambda.

fn main() -> aws::Exit {
    aws::run(report_sender::function())
}
