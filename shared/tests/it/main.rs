//! The tests that are longer than the file they belong to; the others stand at the foot of theirs.

mod expiry;
mod expiry_zones;
mod names;
mod seeded;
mod token;
mod validation;
