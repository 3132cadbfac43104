//! report-sender
pub mod letter;
