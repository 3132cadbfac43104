//! What clients send and get: questions in, figures out as JSON or as a table.

/// Questions as they are sent.
pub(crate) mod ask;
/// What the figures are compared with.
mod comparison;
/// The reply as a table.
pub(crate) mod csv;
/// Filters as they are sent.
mod filter;
/// When two questions, or two answers, are the same.
mod identity;
/// The reply as JSON.
pub(crate) mod reply;
