//! The bus between replicas: Redis says "look", and each replica reads what was kept, in its order.
//!
//! So nothing depends on Redis but the speed: what it loses, doubles or delivers late is read at the next
//! look, which is never more than [`LOOK`] away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use rand::RngExt;
use redis::{
    Client,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::{
    sync::{Notify, broadcast, mpsc},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Bus, CAPACITY, EventMessage, Kept};
use crate::domain::ClusterEvent;

/// The channel on which events are told, as JSON: also to whoever else wants to know.
pub const CHANNEL: &str = "cluster-status";
/// How often is looked when nobody says so.
const LOOK: Duration = Duration::from_secs(1);
/// How many kept events are read at once.
const PAGE: i64 = 500;
/// How many events may wait to be told to the other replicas; what is more they find by themselves.
const OUTGOING: usize = 1024;
/// How long Redis may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The first and the longest pause before another try to connect.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Why the bus can't be had, or the kept events not be read.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// It is no address of a Redis.
    #[error("REDIS_URL must be an address like redis://:password@host:6379/0: {0}")]
    Address(#[source] redis::RedisError),
    /// What was kept can't be read.
    #[error(transparent)]
    Kept(Box<dyn std::error::Error + Send + Sync>),
}

/// Where Redis is.
#[derive(Clone)]
pub struct RedisUrl(Client);

impl RedisUrl {
    /// Reads an address; nothing is connected yet.
    ///
    /// # Errors
    /// [`BusError::Address`] with advice.
    pub fn parse(url: &str) -> Result<Self, BusError> {
        Client::open(url).map(Self).map_err(BusError::Address)
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// [`redis::RedisError`] when it does not.
    pub async fn ping(&self) -> redis::RedisResult<()> {
        let mut connection = self.0.get_multiplexed_async_connection().await?;
        redis::cmd("PING").query_async(&mut connection).await
    }

    /// A connection that is made when it is needed, and again when it broke. Each command is tried once,
    /// and fails within the time given.
    ///
    /// # Errors
    /// [`BusError::Address`] when the address leads nowhere by itself.
    pub fn connection(&self, patience: Duration) -> Result<ConnectionManager, BusError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience));
        ConnectionManager::new_lazy_with_config(self.0.clone(), config).map_err(BusError::Address)
    }
}

/// The bus between replicas.
pub struct RedisBus {
    local: broadcast::Sender<Arc<ClusterEvent>>,
    outgoing: mpsc::Sender<String>,
    look: Arc<Notify>,
    connected: Arc<AtomicBool>,
}

impl RedisBus {
    /// Begins to tell and to hear, until `stop` is cancelled. That Redis is away is no error: it is connected
    /// to when it comes.
    ///
    /// # Errors
    /// [`BusError::Kept`] when the database can't say where now is.
    pub async fn begin(
        url: &RedisUrl,
        kept: Arc<dyn Kept>,
        stop: CancellationToken,
    ) -> Result<Self, BusError> {
        let (outgoing, incoming) = mpsc::channel(OUTGOING);
        let bus = Self {
            local: broadcast::Sender::new(CAPACITY),
            outgoing,
            look: Arc::new(Notify::new()),
            connected: Arc::default(),
        };
        let newest = kept.newest().await?;
        let follow = follow(kept, newest, bus.local.clone(), bus.look.clone());
        let hear = hear(url.0.clone(), bus.look.clone(), bus.connected.clone());
        let tell = tell(url.connection(PATIENCE)?, incoming);
        tokio::spawn(stop.clone().run_until_cancelled_owned(follow));
        tokio::spawn(stop.clone().run_until_cancelled_owned(hear));
        tokio::spawn(stop.run_until_cancelled_owned(tell));
        Ok(bus)
    }
}

impl Bus for RedisBus {
    fn publish(&self, event: ClusterEvent) {
        self.look.notify_one();
        if let Ok(message) = serde_json::to_string(&EventMessage::from(&event)) {
            // Full: Redis is away, and the others look by themselves.
            let _ = self.outgoing.try_send(message);
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<ClusterEvent>> {
        self.local.subscribe()
    }

    fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }
}

/// Reads what was kept, whenever somebody says so, and tells it in this process.
async fn follow(
    kept: Arc<dyn Kept>,
    mut last: i64,
    local: broadcast::Sender<Arc<ClusterEvent>>,
    look: Arc<Notify>,
) {
    loop {
        // Said or not, both are a reason to look.
        let _ = timeout(LOOK, look.notified()).await;
        loop {
            let page = match kept.after(last, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::debug!(%error, "events can't be read: at the next look");
                    break;
                }
            };
            let Some(newest) = page.last().map(|event| event.seq) else {
                break;
            };
            last = newest;
            for event in page {
                // Nobody watching is no failure.
                let _ = local.send(Arc::new(event));
            }
        }
    }
}

/// Hears that other replicas have told something; connects again, and then looks for what was missed.
async fn hear(client: Client, look: Arc<Notify>, connected: Arc<AtomicBool>) {
    let (mut pause, longest) = PAUSES;
    loop {
        match timeout(PATIENCE, subscribe(&client)).await {
            Ok(Ok(mut messages)) => {
                tracing::info!("the bus is connected");
                connected.store(true, Ordering::Relaxed);
                pause = PAUSES.0;
                look.notify_one();
                while messages.next().await.is_some() {
                    look.notify_one();
                }
                connected.store(false, Ordering::Relaxed);
                tracing::warn!("the bus is away: events of other replicas come a second late");
            }
            Ok(Err(error)) => tracing::debug!(%error, "the bus can't be connected to"),
            Err(_) => tracing::debug!("the bus does not answer"),
        }
        // Not all replicas at the same moment.
        let jitter = rand::rng().random_range(0.5..1.5);
        sleep(pause.mul_f64(jitter)).await;
        pause = (pause * 2).min(longest);
    }
}

async fn subscribe(client: &Client) -> redis::RedisResult<redis::aio::PubSubStream> {
    let mut subscription = client.get_async_pubsub().await?;
    subscription.subscribe(CHANNEL).await?;
    Ok(subscription.into_on_message())
}

/// Tells the other replicas.
async fn tell(mut redis: ConnectionManager, mut messages: mpsc::Receiver<String>) {
    let mut batch = Vec::new();
    while messages.recv_many(&mut batch, OUTGOING).await > 0 {
        let mut pipeline = redis::pipe();
        for message in batch.drain(..) {
            pipeline.publish(CHANNEL, message).ignore();
        }
        if let Err(error) = pipeline.query_async::<()>(&mut redis).await {
            tracing::debug!(%error, "the bus did not take events: the others find them by themselves");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_of_a_redis_is_refused() {
        for bad in ["", "localhost", "http://localhost", "redis://"] {
            assert!(RedisUrl::parse(bad).is_err(), "{bad:?}");
        }
        assert!(RedisUrl::parse("redis://:secret@127.0.0.1:6379/0").is_ok());
    }
}
