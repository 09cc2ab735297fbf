//! Time: the clock that every decision uses, its jump guard, time zones, and the formats of instants.

pub mod clock;
pub mod format;
pub mod jump_guard;
pub mod zones;
