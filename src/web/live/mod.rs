//! Live connections: WebSocket for browsers and programs, server-sent events for programs.

mod fragments;
pub mod inside;
mod sse;
mod ws;

use std::time::Duration;

pub use fragments::Fragments;
pub use sse::stream;
pub use ws::connect;

/// How often an idle connection says that it is there.
const PING: Duration = Duration::from_secs(15);
