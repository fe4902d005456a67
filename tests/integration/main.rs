//! The real server, over HTTP, with temporary databases; in `clusters` with real clusters.

mod clusters;
mod routes;
mod support;
