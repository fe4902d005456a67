//! Login and registration attempts, by address.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use actix_web::HttpRequest;
use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};

use super::Problem;

/// Limits attempts by the address they come from.
#[derive(Clone)]
pub struct Throttle(Option<Arc<DefaultKeyedRateLimiter<IpAddr>>>);

impl Throttle {
    /// So many attempts a minute and address; `None` is without limit.
    pub fn new(a_minute: Option<NonZeroU32>) -> Self {
        Self(
            a_minute.map(|attempts| {
                Arc::new(DefaultKeyedRateLimiter::keyed(Quota::per_minute(attempts)))
            }),
        )
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// [`Problem`] 429 with the time to wait when it is one too many.
    pub fn attempt(&self, request: &HttpRequest) -> Result<(), Problem> {
        let (Some(limiter), Some(peer)) = (&self.0, request.peer_addr()) else {
            return Ok(());
        };
        limiter.check_key(&block(peer.ip())).map_err(|until| {
            // Whole seconds, rounded up: who waits as long as told is let in.
            let wait =
                until.wait_time_from(DefaultClock::default().now()) + Duration::from_millis(999);
            Problem::too_many_attempts(wait.as_secs().max(1))
        })?;
        if limiter.len() > MANY {
            limiter.retain_recent();
        }
        Ok(())
    }
}

/// How many addresses are remembered before those that are old are forgotten.
const MANY: usize = 10_000;

/// Whoever has one IPv6 address has the /64 around it.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & (u128::MAX << 64)).into()),
        v4 => v4,
    }
}
