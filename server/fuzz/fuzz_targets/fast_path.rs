//! The fast path against hyper: whatever a connection brings, the requests that the fast path answers get hyper's
//! answers, byte for byte.
//!
//! The input is what a client sends. `{good}`, `{expired}` and `{wrong}` in it stand for pairs of access key and secret key.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use server::serve::like_hyper::Comparison;
use tempfile::TempDir;

static SITE: LazyLock<(Comparison, TempDir)> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a temporary folder");
    (Comparison::open(folder.path()), folder)
});

fuzz_target!(|input: &[u8]| {
    SITE.0.compare(input);
});
