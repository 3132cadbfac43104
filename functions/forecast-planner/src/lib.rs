//! forecast-planner
