//! `pyk8s completion`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::error::Result;
use crate::output::Output;

pub fn run(shell: Shell, output: &Output) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "pyk8s", &mut script);
    output.text(&String::from_utf8_lossy(&script))
}
