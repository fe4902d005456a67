//! The real server, over HTTP, with temporary databases; in `clusters` with real clusters.

// A test may panic anywhere; clippy's own exemption covers `#[test]` functions only.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cli;
mod clusters;
mod deployment;
mod production;
mod providers;
mod routes;
mod support;
