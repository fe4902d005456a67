//! PostgreSQL, Redis and several replicas, and what may happen to them.

mod churn;
mod disk;
mod operations;
mod postgres;
mod redis;
mod replicas;
mod schema;
mod sockets;
