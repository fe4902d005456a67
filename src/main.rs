//! Parses the arguments, begins the log, and turns the outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use pyk8s_lab::command::Arguments;
use tracing_subscriber::EnvFilter;

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = match EnvFilter::try_new(arguments.log_filter()) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("pyk8s-lab: RUST_LOG: {error}");
            return ExitCode::from(2);
        }
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if arguments.log_as_json() {
        log.json().flatten_event(true).init();
    } else {
        log.init();
    }
    match arguments.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pyk8s-lab: {error}");
            ExitCode::FAILURE
        }
    }
}
