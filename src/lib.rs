//! PyK8s-Lab: a self-service lab that hands a person a real Kubernetes cluster within seconds.
//!
//! `ARCHITECTURE.md` shows the house; the rooms below are in its order.

pub mod bus;
pub mod command;
pub mod config;
pub mod domain;
pub mod exec;
pub mod metrics;
pub mod provision;
pub mod reconcile;
pub mod service;
pub mod store;
pub mod web;
