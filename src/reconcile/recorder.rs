//! Keeps what a provider tells while it works: its steps, and its output in batches.

use std::sync::Arc;

use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    domain::ClusterId,
    provision::{Progress, ProgressItem},
    service::Journal,
};

/// How many lines are kept in one transaction.
const BATCH: usize = 200;
/// How many lines of output are kept of one piece of work: what floods is cut.
const MAX_LINES: usize = 2000;

/// Begins to record; the task ends when the last [`Progress`] is dropped.
pub(super) fn record(
    journal: Journal,
    cluster: ClusterId,
    owner: Arc<str>,
) -> (Progress, JoinHandle<()>) {
    let (progress, items) = Progress::channel(BATCH);
    (progress, tokio::spawn(keep(journal, cluster, owner, items)))
}

async fn keep(
    journal: Journal,
    cluster: ClusterId,
    owner: Arc<str>,
    mut items: mpsc::Receiver<ProgressItem>,
) {
    let (mut batch, mut lines, mut kept) = (Vec::with_capacity(BATCH), Vec::new(), 0);
    while items.recv_many(&mut batch, BATCH).await > 0 {
        for item in batch.drain(..) {
            match item {
                ProgressItem::Log(line) => {
                    kept += 1;
                    match kept {
                        ..MAX_LINES => lines.push(line),
                        MAX_LINES => {
                            lines.push(format!("… only the first {MAX_LINES} lines are kept"))
                        }
                        _ => {}
                    }
                }
                ProgressItem::Step(step) => {
                    keep_lines(&journal, cluster, &mut lines).await;
                    let owner = owner.clone();
                    let kept = journal.record(move |store| async move {
                        store.record_step(cluster, &owner, step).await
                    });
                    if let Err(error) = kept.await {
                        tracing::warn!(%cluster, %error, "a step was not recorded");
                    }
                }
            }
        }
        keep_lines(&journal, cluster, &mut lines).await;
    }
}

async fn keep_lines(journal: &Journal, cluster: ClusterId, lines: &mut Vec<String>) {
    if lines.is_empty() {
        return;
    }
    let lines = std::mem::take(lines);
    if let Err(error) = journal
        .record(move |store| async move { store.log(cluster, lines).await })
        .await
    {
        tracing::warn!(%cluster, %error, "lines of output were not kept");
    }
}
