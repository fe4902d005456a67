//! `pyk8s` as people and scripts run it, against the real server.

mod failures;
mod interrupts;
mod life;
mod login;
mod output;
