//! Takings in one process.

use std::process::ExitCode;

fn main() -> ExitCode {
    local::main()
}
