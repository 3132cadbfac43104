//! forecast-batch
