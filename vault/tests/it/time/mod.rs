//! Dates in time zones.

mod zones;
