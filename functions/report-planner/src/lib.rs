//! report-planner
