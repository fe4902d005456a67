//! Login and registration attempts, by address: counted in this process, or by Redis for all replicas.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use actix_web::HttpRequest;
use governor::{
    DefaultKeyedRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};
use redis::aio::ConnectionManager;

use super::Problem;
use crate::bus::{BusError, RedisUrl};

/// How many addresses are remembered before those that are old are forgotten.
const MANY: usize = 10_000;
/// How long Redis may take to count: who logs in waits for it.
const PATIENCE: Duration = Duration::from_millis(300);
/// Counts an attempt, and tells how many there were and when they are forgotten, in milliseconds.
const COUNT: &str = "local n = redis.call('INCR', KEYS[1]) \
    if n == 1 then redis.call('PEXPIRE', KEYS[1], 60000) end \
    return {n, redis.call('PTTL', KEYS[1])}";

/// Limits attempts by the address they come from.
#[derive(Clone)]
pub struct Throttle(Option<Limit>);

#[derive(Clone)]
struct Limit {
    a_minute: NonZeroU32,
    here: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    everywhere: Option<ConnectionManager>,
}

impl Throttle {
    /// So many attempts a minute and address, at all replicas together where there is a Redis;
    /// `None` is without limit.
    ///
    /// # Errors
    /// [`BusError`] when Redis's address leads nowhere.
    pub fn new(a_minute: Option<NonZeroU32>, redis: Option<&RedisUrl>) -> Result<Self, BusError> {
        let Some(a_minute) = a_minute else {
            return Ok(Self(None));
        };
        Ok(Self(Some(Limit {
            a_minute,
            here: Arc::new(DefaultKeyedRateLimiter::keyed(Quota::per_minute(a_minute))),
            everywhere: redis.map(|url| url.connection(PATIENCE)).transpose()?,
        })))
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// [`Problem`] 429 with the time to wait when it is one too many.
    pub async fn attempt(&self, request: &HttpRequest) -> Result<(), Problem> {
        let (Some(limit), Some(peer)) = (&self.0, request.peer_addr()) else {
            return Ok(());
        };
        limit.attempt(block(peer.ip())).await.map_err(|wait| {
            // Whole seconds, rounded up: who waits as long as told is let in.
            let wait = wait + Duration::from_millis(999);
            Problem::too_many_attempts(wait.as_secs().max(1))
        })
    }
}

impl Limit {
    /// Counts an attempt, or says how long to wait.
    async fn attempt(&self, address: IpAddr) -> Result<(), Duration> {
        if let Some(redis) = &self.everywhere {
            match count(redis.clone(), address).await {
                Ok((attempts, _)) if attempts <= u64::from(self.a_minute.get()) => return Ok(()),
                Ok((_, forgotten)) => return Err(forgotten),
                Err(error) => {
                    tracing::debug!(%error, "attempts are counted by this server alone");
                }
            }
        }
        self.here
            .check_key(&address)
            .map_err(|until| until.wait_time_from(DefaultClock::default().now()))?;
        if self.here.len() > MANY {
            self.here.retain_recent();
        }
        Ok(())
    }
}

async fn count(
    mut redis: ConnectionManager,
    address: IpAddr,
) -> redis::RedisResult<(u64, Duration)> {
    let (attempts, forgotten): (u64, i64) = redis::cmd("EVAL")
        .arg(COUNT)
        .arg(1)
        .arg(format!("pyk8s-lab:attempts:{address}"))
        .query_async(&mut redis)
        .await?;
    let forgotten = Duration::from_millis(u64::try_from(forgotten).unwrap_or_default());
    Ok((attempts, forgotten))
}

/// Whoever has one IPv6 address has the /64 around it.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & (u128::MAX << 64)).into()),
        v4 => v4,
    }
}
