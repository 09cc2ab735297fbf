//! Retry schedule of a mail that could not be sent, and the end of its retries.

use sha2::{Digest as _, Sha256};
use shared::DAY_MS;

/// The wait after the first failure, in milliseconds; it doubles with each further one.
const FIRST_WAIT_MS: i64 = 30 * 1000;
/// The longest wait, in milliseconds: two hours. RFC 5321, section 4.5.4.1, asks for 30 minutes at least in
/// the long run, and for four to five days before giving up.
const LONGEST_WAIT_MS: i64 = 2 * 60 * 60 * 1000;
/// The longest wait with its spread, in milliseconds.
pub const LONGEST_MS: i64 = LONGEST_WAIT_MS / 4 * 5;
/// The shortest wait if the mail may have been delivered, in milliseconds: an hour. A server that is slow after the
/// final dot gets a few copies in five days rather than one every minute.
pub const UNKNOWN_MS: i64 = 60 * 60 * 1000;
/// How long a mail is retried, in milliseconds.
pub const GIVE_UP_MS: i64 = 5 * DAY_MS;

/// Returns the wait after attempt number `attempts`, in milliseconds. It is spread by a quarter either way, so that
/// mails that failed together are not retried together; the mail's id determines the spread, for the sake of tests.
pub fn wait(id: &str, attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    let wait = (FIRST_WAIT_MS << doublings).min(LONGEST_WAIT_MS);
    let digest = Sha256::new()
        .chain_update(id)
        .chain_update(attempts.to_be_bytes())
        .finalize();
    let spread = i64::from(digest[0]) - 128;
    wait + wait * spread / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_half_a_minute_to_two_hours() {
        for id in ["mail_0", "mail_1", "mail_2"] {
            for (attempts, expected_s) in
                [(1, 30), (2, 60), (3, 120), (8, 3840), (9, 7200), (50, 7200)]
            {
                let expected = expected_s * 1000;
                let wait = wait(id, attempts);
                assert!(
                    (wait - expected).abs() <= expected / 4,
                    "attempt {attempts}: {wait} ms"
                );
            }
        }
        assert_ne!(wait("mail_0", 1), wait("mail_1", 1), "they are spread");
    }
}
