//! `pyk8s`: the command line of PyK8s-Lab.
//!
//! What was asked for goes to stdout and nothing else does; every other word goes to stderr.

mod arguments;
mod client;
mod command;
mod config;
mod error;
mod interrupt;
mod kubeconfig;
mod output;
mod persist;
mod progress;
mod prompt;
mod session;
mod waiting;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::output::Output;

fn main() -> ExitCode {
    let Arguments { global, command } = Arguments::parse();
    let output = Output::new(&global);
    interrupt::watch();
    match command::run(command, &global, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.lines() {
                output.error(&line);
            }
            ExitCode::from(&error)
        }
    }
}
