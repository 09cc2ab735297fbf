//! The metrics that the tests of the process do not see.

mod postgres;
