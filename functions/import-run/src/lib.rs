//! import-run
