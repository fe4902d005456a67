//! The only room that spawns a process: argument vectors, never a shell; a clean environment; a group
//! of its own; a time limit; output passed on line by line.

mod lines;
mod tool;

use std::time::Duration;

pub use tool::{Output, Tool};

/// Why a tool did not do its work. The words are shown to the cluster's owner.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// The program is not there, or may not be run.
    #[error("{program} can't be run: {source}")]
    NotRunnable {
        /// The program's path.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It ended with a failure.
    #[error("{program} failed ({status}):\n{tail}")]
    Failed {
        /// The program's name.
        program: String,
        /// How it ended, in words: `exit code 1`, `signal 9`.
        status: String,
        /// Its last lines.
        tail: String,
    },
    /// It took too long and was ended.
    #[error("{program} was still not done after {} s and was ended:\n{tail}", limit.as_secs())]
    TimedOut {
        /// The program's name.
        program: String,
        /// The time limit.
        limit: Duration,
        /// Its last lines.
        tail: String,
    },
    /// Nobody wants the result any more: it was ended.
    #[error("{program} was cancelled")]
    Cancelled {
        /// The program's name.
        program: String,
    },
}
