//! Calls to other companies' systems.

/// Letters: by SMTP, or into a folder.
pub mod mail;
