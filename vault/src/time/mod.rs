//! Time: the clock that every decision uses, its jump guard, the clock of leases, time zones, and the formats of instants.

pub mod boot_time;
pub mod clock;
pub mod format;
pub mod jump_guard;
pub mod zones;
