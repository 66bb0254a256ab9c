//! What an operator's machines ask: is it alive, is it ready, what does it count.

pub mod live;
pub mod metrics;
pub mod ready;
