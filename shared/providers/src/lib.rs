//! Calls to other companies' systems.

/// Letters: by SMTP, or into a folder.
pub mod mail;
/// Payments by Stripe, or by whatever speaks its language.
pub mod stripe;
