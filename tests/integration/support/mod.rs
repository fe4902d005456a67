//! A lab of its own for each test.

mod lab;
mod person;
mod proxy;
mod pyk8s;
mod services;
mod stand_in;

pub use lab::Lab;
pub use person::{Answer, Person};
pub use proxy::{Proxy, Way, answer};
pub use pyk8s::{PASSWORD, Pyk8s};
pub use services::{Postgres, Redis, shared_database, shared_redis};
pub use stand_in::stand_in;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

static TURN: Mutex<()> = Mutex::new(());

/// Waits until no other test has real clusters: they take memory and time.
pub fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

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
