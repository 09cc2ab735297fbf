//! Verdicts on credentials.

mod verdict;
