//! A lab of its own for each test.

mod lab;
mod person;
mod stand_in;

pub use lab::Lab;
pub use person::{Answer, Person};
pub use stand_in::stand_in;

use std::time::{Duration, Instant};

/// Waits until `look` finds something; fails the test after `within`.
#[track_caller]
pub fn eventually<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + within;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// So many seconds.
pub const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
