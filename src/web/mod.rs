//! HTTP: thin handlers over the services.

pub mod api;
pub mod assets;
mod extract;
mod headers;
mod health;
mod live;
mod observe;
mod pages;
mod problem;
mod server;
mod session;
mod state;
mod throttle;
pub mod view;

pub use problem::{FieldProblem, Problem, ProblemDetails};
pub use server::{document, serve};
pub use state::State;
pub use throttle::Throttle;
