//! A cluster's events as they happen, over a connection that may break and is made again.

use std::io::BufReader;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use super::Client;
use super::model::Event;
use super::sse::{Message, Reader};
use crate::error::{Error, Result};

/// The server shows itself every 15 s: after three times that, the connection is dead.
pub const SILENCE: Duration = Duration::from_secs(45);

/// How long the lab may be away before a stream of it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

const PAUSE: Duration = Duration::from_millis(500);

/// What a stream tells.
#[derive(Debug)]
pub enum Signal {
    /// It is open, for the first time or again: what was known until now may be old.
    Connected,
    /// Something happened.
    Event(Box<Event>),
    /// The cluster is gone, and nothing more comes.
    End,
}

/// The events of a cluster.
///
/// A thread reads the connection, so that the one who waits can stop at any moment.
#[derive(Debug)]
pub struct Stream(Receiver<Result<Signal>>);

impl Stream {
    /// Opens the stream of a cluster, with what came after the event `after`, or with all there is.
    pub fn open(client: &Client, id: &str, after: Option<i64>) -> Self {
        let (sender, receiver) = channel();
        let follower = Follower {
            client: client.clone(),
            path: Client::events_path(id),
            after,
            sender,
        };
        spawn(move || follower.run());
        Self(receiver)
    }

    /// The next signal, or `None` when `deadline` comes first.
    pub fn next(&self, deadline: Option<Instant>) -> Result<Option<Signal>> {
        let received = match deadline {
            Some(deadline) => self
                .0
                .recv_timeout(deadline.saturating_duration_since(Instant::now())),
            None => self.0.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(signal) => signal.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Ok(Some(Signal::End)),
        }
    }
}

/// Reads the connection, and makes it again.
#[derive(Debug)]
struct Follower {
    client: Client,
    path: String,
    after: Option<i64>,
    sender: Sender<Result<Signal>>,
}

/// Why a connection ended.
enum Over {
    /// There is nothing more to tell, or nobody to tell it to.
    Done,
    /// It broke, after something had come or not.
    Broken { alive: bool },
}

impl Follower {
    fn run(mut self) {
        let mut last_alive = Instant::now();
        loop {
            match self.follow() {
                Ok(Over::Done) => return,
                Ok(Over::Broken { alive }) => {
                    if alive {
                        last_alive = Instant::now();
                    }
                    self.client
                        .output
                        .detail("the event stream ended; opening it again");
                }
                // The stream's cluster is gone, as a stream may learn when it was away.
                Err(Error::NotFound(_)) => {
                    let _ = self.sender.send(Ok(Signal::End));
                    return;
                }
                Err(error) => {
                    // A server that restarts, or its proxy, is what both of these look like.
                    let may_pass = matches!(error, Error::Failed(_) | Error::TimedOut(_));
                    if !may_pass || last_alive.elapsed() > PATIENCE {
                        let _ = self.sender.send(Err(error));
                        return;
                    }
                    self.client
                        .output
                        .detail(&format!("{error}; opening the event stream again"));
                }
            }
            sleep(PAUSE);
        }
    }

    fn follow(&mut self) -> Result<Over> {
        let response = self.client.open_stream(&self.path, self.after)?;
        if self.sender.send(Ok(Signal::Connected)).is_err() {
            return Ok(Over::Done);
        }
        let body = response
            .into_body()
            .into_with_config()
            .limit(u64::MAX)
            .reader();
        let mut reader = Reader::new(BufReader::new(body));
        let mut alive = false;
        while let Ok(Some(message)) = reader.next() {
            alive = true;
            let Message::Data(data) = message else {
                continue;
            };
            // A message that this version does not know is none of its business.
            let Ok(event) = serde_json::from_str::<Event>(&data) else {
                continue;
            };
            self.after = self.after.max(Some(event.seq));
            let last = event.is_deletion();
            let told = self.sender.send(Ok(Signal::Event(Box::new(event))));
            if last {
                let _ = self.sender.send(Ok(Signal::End));
            }
            if last || told.is_err() {
                return Ok(Over::Done);
            }
        }
        Ok(Over::Broken { alive })
    }
}
