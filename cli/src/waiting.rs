//! Waiting for a cluster to be running, or gone.
//!
//! Events only say that something happened: what counts is the cluster itself, which is looked at whenever
//! the stream is open anew or tells of another status. So nothing is missed, and nothing is polled.

use std::time::{Duration, Instant};

use crate::arguments::Target;
use crate::client::model::Cluster;
use crate::client::{Client, Signal, Stream};
use crate::error::{Error, Result};
use crate::output::{Output, printable};
use crate::progress::Progress;

/// One wait for one cluster.
#[derive(Debug)]
pub struct Waiting<'a> {
    pub client: &'a Client,
    pub output: &'a Output,
    pub id: &'a str,
    pub name: &'a str,
    /// Events after this one are news; `None` for a cluster that was just made.
    pub after: Option<i64>,
    pub timeout: Duration,
}

/// How a look at the cluster ended.
enum Seen {
    /// What was waited for has come; the cluster, if it still is.
    Reached(Option<Box<Cluster>>),
    NotYet,
}

impl Waiting<'_> {
    /// Waits until the cluster can be used.
    pub fn until_running(&self) -> Result<Cluster> {
        match self.until(Target::Running)? {
            Some(cluster) => Ok(*cluster),
            None => Err(self.gone()),
        }
    }

    /// Waits until the cluster is gone.
    pub fn until_deleted(&self) -> Result {
        self.until(Target::Deleted).map(drop)
    }

    fn until(&self, target: Target) -> Result<Option<Box<Cluster>>> {
        let deadline = Instant::now() + self.timeout;
        let mut progress = Progress::start(self.output, self.name);
        let stream = Stream::open(self.client, self.id, self.after);
        // A deletion may be asked of a cluster that had failed before: only a failure during it counts.
        let mut failure_counts = target == Target::Running;
        loop {
            let look = match stream.next(Some(deadline))? {
                None => return Err(self.too_late(target, &progress)),
                Some(Signal::End) => return self.at_the_end(target),
                Some(Signal::Connected) => true,
                Some(Signal::Event(event)) if event.is_log() => {
                    progress.log(&event.told());
                    false
                }
                Some(Signal::Event(event)) => {
                    progress.step(&event.told());
                    failure_counts |= event.payload.status.as_deref() == Some("ERROR");
                    matches!(
                        event.payload.status.as_deref(),
                        Some("RUNNING" | "ERROR" | "DELETING")
                    )
                }
            };
            if look
                && let Seen::Reached(cluster) = self.look(target, failure_counts, &mut progress)?
            {
                return Ok(cluster);
            }
        }
    }

    fn look(&self, target: Target, failure_counts: bool, progress: &mut Progress) -> Result<Seen> {
        let cluster = match self.client.cluster(self.id) {
            Ok(cluster) => cluster,
            Err(Error::NotFound(_)) => return self.at_the_end(target).map(Seen::Reached),
            Err(error) => return Err(error),
        };
        if cluster.is_failed() && failure_counts {
            return Err(self.failed(&cluster, target));
        }
        match target {
            Target::Running if cluster.is_running() => Ok(Seen::Reached(Some(Box::new(cluster)))),
            Target::Running if cluster.status == "DELETING" => Err(Error::Failed(format!(
                "{} is being deleted, so it will not be running",
                self.name
            ))),
            _ => {
                // What came after is told by the stream, in its order.
                if cluster.last_seq() == self.after {
                    progress.step(&now(&cluster));
                }
                Ok(Seen::NotYet)
            }
        }
    }

    fn at_the_end(&self, target: Target) -> Result<Option<Box<Cluster>>> {
        match target {
            Target::Deleted => Ok(None),
            Target::Running => Err(self.gone()),
        }
    }

    fn gone(&self) -> Error {
        Error::NotFound(format!("{} was deleted in the meantime", self.name))
    }

    fn failed(&self, cluster: &Cluster, target: Target) -> Error {
        let why = cluster
            .error_message
            .as_deref()
            .unwrap_or("no reason given");
        let (what, name) = (
            if target == Target::Deleted {
                "deleting"
            } else {
                "making"
            },
            self.name,
        );
        Error::Failed(format!(
            "{what} {name} failed: {} (more: `pyk8s cluster logs {name}`; then `retry` or `delete` it)",
            printable(why.trim_end())
        ))
    }

    fn too_late(&self, target: Target, progress: &Progress) -> Error {
        let (state, name) = (
            if target == Target::Deleted {
                "deleted"
            } else {
                "running"
            },
            self.name,
        );
        let last = match progress.shown() {
            "" => String::new(),
            step => format!(" (last: {step})"),
        };
        Error::TimedOut(format!(
            "{name} is not {state} after {} s{last}; it goes on: `pyk8s cluster wait {name} --for {state}`",
            self.timeout.as_secs()
        ))
    }
}

/// What goes on with a cluster, from the cluster itself.
fn now(cluster: &Cluster) -> String {
    let text = match (&cluster.step, cluster.queue_position) {
        (Some(step), _) => format!("{}: {step}", cluster.status),
        (None, Some(place)) => format!("{}: waiting, place {place} in the queue", cluster.status),
        (None, None) => cluster.status.clone(),
    };
    printable(&text).into_owned()
}
