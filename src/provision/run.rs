//! Runs a provider's tool with its output going into the cluster's log.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Progress, ProvisionError};
use crate::exec::{ExecError, Output, Tool};

/// How many lines may wait to be kept.
const WAITING: usize = 64;

/// Runs `tool`; each line of its output is told by `progress`.
pub(super) async fn run(
    tool: Tool,
    progress: &Progress,
    cancel: &CancellationToken,
) -> Result<Output, ProvisionError> {
    run_in_steps(tool, |_| None, progress, cancel).await
}

/// The same; a line with which a step of the tool begins, in the words that `step` gives, is told as one.
pub(super) async fn run_in_steps(
    tool: Tool,
    step: fn(&str) -> Option<String>,
    progress: &Progress,
    cancel: &CancellationToken,
) -> Result<Output, ProvisionError> {
    let (sender, mut lines) = mpsc::channel(WAITING);
    let running = tool.run(sender, cancel);
    tokio::pin!(running);
    let result = loop {
        tokio::select! {
            biased;
            Some(line) = lines.recv() => tell(line, step, progress).await,
            result = &mut running => break result,
        }
    };
    // What the tool has started may hold its output open: only what is there already is kept.
    while let Ok(line) = lines.try_recv() {
        tell(line, step, progress).await;
    }
    result.map_err(|error| match error {
        ExecError::Cancelled { .. } => ProvisionError::Cancelled,
        other => other.into(),
    })
}

async fn tell(line: String, step: fn(&str) -> Option<String>, progress: &Progress) {
    match step(&line) {
        Some(step) => progress.step(step).await,
        None => progress.log(line).await,
    }
}
