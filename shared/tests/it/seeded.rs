//! For property tests: the same cases at every run, and no files left behind.

use proptest::test_runner::{Config, RngSeed};

pub fn cases(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(20_261_126),
        failure_persistence: None,
        ..Config::default()
    }
}
