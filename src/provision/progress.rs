//! How a provider tells what it does, while it does it.

use tokio::sync::mpsc;

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgressItem {
    /// A new step has begun; in words for the cluster's owner.
    Step(String),
    /// A line of the tool's output.
    Log(String),
}

/// Where a provider tells its steps and its tool's output. Bounded: a tool that floods its output
/// is slowed by whoever keeps it.
#[derive(Debug, Clone)]
pub struct Progress(mpsc::Sender<ProgressItem>);

impl Progress {
    /// A teller and its listener.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<ProgressItem>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Self(sender), receiver)
    }

    /// Says that a step begins.
    pub async fn step(&self, step: impl Into<String>) {
        self.tell(ProgressItem::Step(step.into())).await;
    }

    /// Passes on a line of output.
    pub async fn log(&self, line: impl Into<String>) {
        self.tell(ProgressItem::Log(line.into())).await;
    }

    async fn tell(&self, item: ProgressItem) {
        // Nobody listening any more is no reason to stop the work.
        let _ = self.0.send(item).await;
    }
}
