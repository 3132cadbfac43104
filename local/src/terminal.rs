//! Words for whoever sits before the terminal: results to standard output, the rest beside it.

use std::io::{self, BufRead as _, Write as _};

/// Prints a result.
pub fn show(line: &str) {
    let _closed = writeln!(io::stdout(), "{line}");
}

/// Says what goes on.
pub fn note(line: &str) {
    let _closed = writeln!(io::stderr(), "{line}");
}

/// Asks, and takes nothing but `yes` for it.
#[must_use]
pub fn confirms(question: &str) -> bool {
    let _closed = write!(io::stderr(), "{question} Type yes: ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}
