//! Calls to other companies' systems.

/// Events, to endpoints that a shop has named.
pub mod hooks;
/// Letters: by SMTP, or into a folder.
pub mod mail;
/// Payments by Stripe, or by whatever speaks its language.
pub mod stripe;
/// Whose certificates are trusted.
pub mod trust;
